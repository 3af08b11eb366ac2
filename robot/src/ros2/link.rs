//! Everything that is open while the robot is configured.

use super::listener::{Listener, Sources};
use super::matching::Matching;
use crate::clock::Clock;
use crate::error::RobotError;
use crate::messages::{DiagnosticArray, Float64MultiArray, JointTrajectory};
use crate::profile::{CommandMessage, Reliability, RosTable};
use ros2_client::dds::rustdds::{DomainParticipantBuilder, Topic};
use ros2_client::qos::{Durability, History, QosProfile, WhenFull};
use ros2_client::{Context, MessageTypeName, Name, Node, NodeName, NodeOptions, Publisher};
use std::fmt::Display;
use std::time::Duration;

/// Publishes commands in the form that the robot takes.
pub(super) enum Commands {
    Trajectory(Publisher<JointTrajectory>),
    Positions(Publisher<Float64MultiArray>),
}

/// An open connection. Fields are dropped in order: the listener ends before what it listens to.
pub(super) struct Link {
    pub listener: Listener,
    pub commands: Commands,
    pub diagnostics: Option<Publisher<DiagnosticArray>>,
    _node: Node,
    _context: Context,
}

/// How long a write may wait for room; a tenth of a period at 100 Hz would be lost to a robot that does not listen.
const WRITE_PATIENCE: Duration = Duration::from_millis(1);

impl Link {
    /// Opens a participant, a node and its topics.
    pub fn open(ros: &RosTable, clock: Clock) -> Result<Self, RobotError> {
        let mut builder = DomainParticipantBuilder::new(domain(ros)?);
        if !ros.networks.is_empty() {
            builder = builder.with_only_networks(ros.networks.iter().copied());
        }
        let participant = builder.build().map_err(|e| failed("the participant", &e))?;
        let context = Context::from_domain_participant(participant.clone())
            .map_err(|e| failed("the context", &e))?;
        let name = NodeName::new("/", &ros.node).map_err(|e| failed("the node's name", &e))?;
        let options = NodeOptions::new()
            .enable_rosout(false)
            .start_parameter_services(false);
        let mut node = context
            .new_node(name, options)
            .map_err(|e| failed("the node", &e))?;
        let mut matching = Matching::default();

        let (states, commands) = (&ros.states, &ros.commands);
        let qos = qos(states.reliability);
        let topic = topic(&node, &states.topic, ("sensor_msgs", "JointState"), &qos)?;
        let hears = node
            .create_subscription(&topic, Some(qos))
            .map_err(|e| failed(&states.topic, &e))?;
        matching.add(hears.guid(), &states.topic);

        let emergency = match ros.emergency_topic.as_str() {
            "" => None,
            name => {
                let qos = self::qos(Reliability::Reliable);
                let topic = self::topic(&node, name, ("std_msgs", "Bool"), &qos)?;
                let hears = node
                    .create_subscription(&topic, Some(qos))
                    .map_err(|e| failed(name, &e))?;
                matching.add(hears.guid(), name);
                Some(hears)
            }
        };

        let qos = self::qos(commands.reliability);
        let commands = match commands.message {
            CommandMessage::Trajectory => {
                let topic = self::topic(
                    &node,
                    &commands.topic,
                    ("trajectory_msgs", "JointTrajectory"),
                    &qos,
                )?;
                let speaks = node
                    .create_publisher(&topic, Some(qos))
                    .map_err(|e| failed(&commands.topic, &e))?;
                matching.add(speaks.guid(), &commands.topic);
                Commands::Trajectory(speaks)
            }
            CommandMessage::Positions => {
                let topic = self::topic(
                    &node,
                    &commands.topic,
                    ("std_msgs", "Float64MultiArray"),
                    &qos,
                )?;
                let speaks = node
                    .create_publisher(&topic, Some(qos))
                    .map_err(|e| failed(&commands.topic, &e))?;
                matching.add(speaks.guid(), &commands.topic);
                Commands::Positions(speaks)
            }
        };

        let diagnostics = match ros.diagnostics_topic.as_str() {
            "" => None,
            name => {
                let qos = self::qos(Reliability::Reliable);
                let topic = self::topic(&node, name, ("diagnostic_msgs", "DiagnosticArray"), &qos)?;
                Some(
                    node.create_publisher(&topic, Some(qos))
                        .map_err(|e| failed(name, &e))?,
                )
            }
        };

        let sources = Sources {
            participant,
            states: hears,
            emergency,
        };
        let listener = Listener::start(sources, matching, clock)?;
        Ok(Self {
            listener,
            commands,
            diagnostics,
            _node: node,
            _context: context,
        })
    }
}

/// The profile's domain, or that of the environment.
fn domain(ros: &RosTable) -> Result<u16, RobotError> {
    if let Some(domain) = ros.domain {
        return Ok(domain);
    }
    match std::env::var("ROS_DOMAIN_ID") {
        Err(_) => Ok(0),
        Ok(text) => match text.trim().parse() {
            Ok(domain) if domain <= 232 => Ok(domain),
            _ => Err(RobotError::Hardware(format!(
                "ROS_DOMAIN_ID is {text:?}, expected 0 to 232"
            ))),
        },
    }
}

fn topic(node: &Node, name: &str, of: (&str, &str), qos: &QosProfile) -> Result<Topic, RobotError> {
    let parsed = Name::parse(name).map_err(|e| failed(name, &e))?;
    node.create_topic(&parsed, MessageTypeName::new(of.0, of.1), qos)
        .map_err(|e| failed(name, &e))
}

/// Volatile and keep-last 1: what is old is worth nothing on either way.
fn qos(reliability: Reliability) -> QosProfile {
    let profile = QosProfile::subscription_default()
        .durability(Durability::Volatile)
        .history(History::KeepLast { depth: 1 });
    match reliability {
        Reliability::BestEffort => profile.reliability_best_effort(),
        Reliability::Reliable => profile.reliability_reliable(WhenFull::Wait(WRITE_PATIENCE)),
    }
}

fn failed(what: &str, error: &dyn Display) -> RobotError {
    RobotError::Hardware(format!("cannot open {what} on ROS 2: {error}").replace('\n', " "))
}
