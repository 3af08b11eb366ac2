//! Writing the log on a thread of its own, so that a slow disk does not hold up the loop.

use super::schemas::{DIAGNOSTIC_ARRAY, JOINT_STATE, JOINT_TRAJECTORY, Schema};
use crate::clock::Clock;
use crate::control_loop::Recorder;
use crate::error::RobotError;
use crate::joint_state::JointState;
use crate::messages::{
    DiagnosticArray, DiagnosticStatus, Header, JointStateMessage, JointTrajectory, KeyValue,
};
use crate::planning::Plan;
use crate::safety::{Intervention, SafeJointCommand};
use byteorder::LittleEndian;
use mcap::records::MessageHeader;
use mcap::{Compression, WriteOptions, Writer};
use ros2_client::dds::rustdds::cdr_encoding;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Entries that may wait for the disk: some seconds of them. More are dropped and counted.
const WAITING: usize = 4096;
const TOPICS: [(&str, &Schema); 5] = [
    ("/joint_states", &JOINT_STATE),
    ("/proposals", &JOINT_TRAJECTORY),
    ("/refused_proposals", &JOINT_TRAJECTORY),
    ("/commands", &JOINT_TRAJECTORY),
    ("/interventions", &DIAGNOSTIC_ARRAY),
];

enum Entry {
    State(JointStateMessage),
    Plan(JointTrajectory, bool),
    Command(JointTrajectory),
    Intervention(DiagnosticArray),
}

/// What a finished log holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSummary {
    /// Messages by topic.
    pub messages: BTreeMap<String, u64>,
    /// Messages that were dropped because the disk was too slow.
    pub dropped: u64,
}

/// A log that is being written.
pub struct McapLog {
    path: PathBuf,
    dropped: Arc<AtomicU64>,
    thread: JoinHandle<Result<LogSummary, String>>,
}

struct LogRecorder {
    sender: SyncSender<(i64, Entry)>,
    dropped: Arc<AtomicU64>,
    joints: Vec<String>,
    clock: Clock,
}

impl McapLog {
    /// Starts a log. The recorder goes to the loop; the log ends when the loop and its recorder are dropped.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(
        path: &Path,
        joints: &[String],
        clock: Clock,
    ) -> Result<(Self, Box<dyn Recorder>), RobotError> {
        let file = |source| RobotError::File {
            act: "write",
            path: path.to_owned(),
            source,
        };
        let output = BufWriter::new(File::create(path).map_err(file)?);
        let (sender, entries) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(output, &entries).map_err(|e| e.to_string()))
            .map_err(|source| RobotError::Thread {
                name: "log",
                source,
            })?;
        let recorder = LogRecorder {
            sender,
            dropped: Arc::clone(&dropped),
            joints: joints.to_vec(),
            clock,
        };
        Ok((
            Self {
                path: path.to_owned(),
                dropped,
                thread,
            },
            Box::new(recorder),
        ))
    }

    /// Waits until everything is on the disk. The recorder must have been dropped.
    ///
    /// # Errors
    /// When writing failed.
    pub fn finish(self) -> Result<LogSummary, RobotError> {
        let failed = |reason| RobotError::Log {
            path: self.path.clone(),
            reason,
        };
        let ended = self
            .thread
            .join()
            .map_err(|_| failed("the writer panicked".to_owned()))?;
        let summary = ended.map_err(failed)?;
        Ok(LogSummary {
            dropped: self.dropped.load(Ordering::Relaxed),
            ..summary
        })
    }
}

impl LogRecorder {
    fn send(&self, entry: Entry) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.sender.try_send((Clock::wall_nanos(), entry))
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Recorder for LogRecorder {
    fn state(&mut self, state: &JointState) {
        self.send(Entry::State(JointStateMessage::of(state)));
    }

    fn plan(&mut self, plan: &Plan, accepted: bool) {
        let observed = self.clock.wall_nanos_at(plan.observed_at);
        self.send(Entry::Plan(
            JointTrajectory::of_plan(plan, observed),
            accepted,
        ));
    }

    fn command(&mut self, command: &SafeJointCommand) {
        let start = self.clock.wall_nanos_at(command.at());
        self.send(Entry::Command(JointTrajectory::of_command(
            command,
            &self.joints,
            start,
        )));
    }

    fn intervention(&mut self, intervention: &Intervention) {
        let at = self.clock.wall_nanos_at(intervention.at);
        let status = DiagnosticStatus {
            level: 1,
            name: intervention.kind.clone(),
            message: intervention.detail.clone(),
            hardware_id: String::new(),
            values: Vec::<KeyValue>::new(),
        };
        self.send(Entry::Intervention(DiagnosticArray {
            header: Header::at(at),
            status: vec![status],
        }));
    }
}

fn write_all(
    output: BufWriter<File>,
    entries: &Receiver<(i64, Entry)>,
) -> Result<LogSummary, Box<dyn std::error::Error>> {
    let options = WriteOptions::new()
        .profile("ros2")
        .library("foresight")
        .compression(Some(Compression::Zstd));
    let mut writer = Writer::with_options(output, options)?;
    let mut channels = Vec::new();
    for (topic, schema) in TOPICS {
        let schema = writer.add_schema(schema.name, "ros2msg", schema.text.as_bytes())?;
        channels.push(writer.add_channel(schema, topic, "cdr", &BTreeMap::new())?);
    }
    let mut counts = [0_u64; TOPICS.len()];
    while let Ok((time, entry)) = entries.recv() {
        let (topic, data) = match &entry {
            Entry::State(message) => (0, cdr(message)?),
            Entry::Plan(message, true) => (1, cdr(message)?),
            Entry::Plan(message, false) => (2, cdr(message)?),
            Entry::Command(message) => (3, cdr(message)?),
            Entry::Intervention(message) => (4, cdr(message)?),
        };
        let time = u64::try_from(time).unwrap_or(0);
        let header = MessageHeader {
            channel_id: channels[topic],
            sequence: counts[topic] as u32,
            log_time: time,
            publish_time: time,
        };
        writer.write_to_known_channel(&header, &data)?;
        counts[topic] += 1;
    }
    writer.finish()?;
    let messages = TOPICS
        .iter()
        .zip(counts)
        .map(|((topic, _), count)| ((*topic).to_owned(), count));
    Ok(LogSummary {
        messages: messages.collect(),
        dropped: 0,
    })
}

/// A message in plain CDR, little endian, behind the four bytes that say so.
fn cdr<M: Serialize>(message: &M) -> Result<Vec<u8>, cdr_encoding::Error> {
    let mut data = vec![0, 1, 0, 0];
    data.extend(cdr_encoding::to_vec::<M, LittleEndian>(message)?);
    Ok(data)
}
