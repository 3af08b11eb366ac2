//! Who is on the other end of each topic, and who would be but for its QoS.

use ros2_client::dds::rustdds::dds::statusevents::DomainParticipantStatusEvent as Event;
use ros2_client::dds::rustdds::{GUID, QosPolicies};
use std::collections::{BTreeMap, BTreeSet};

/// What discovery has told so far, for the topics of this program.
#[derive(Debug, Default)]
pub(super) struct Matching {
    /// Topics by our end of them.
    topics: BTreeMap<GUID, String>,
    /// Other ends by topic.
    matched: BTreeMap<String, BTreeSet<GUID>>,
    /// What is wrong, by the other end.
    incompatible: BTreeMap<GUID, String>,
}

impl Matching {
    /// A topic of ours, by our end of it.
    pub fn add(&mut self, ours: GUID, topic: &str) {
        self.topics.insert(ours, topic.to_owned());
    }

    /// Takes an event of the participant. Returns what is newly wrong.
    pub fn take(&mut self, event: Event) -> Option<String> {
        match event {
            Event::RemoteReaderMatched {
                local_writer: ours,
                remote_reader: theirs,
            }
            | Event::RemoteWriterMatched {
                local_reader: ours,
                remote_writer: theirs,
            } => {
                if let Some(topic) = self.topics.get(&ours) {
                    self.matched
                        .entry(topic.clone())
                        .or_default()
                        .insert(theirs);
                }
                self.incompatible.remove(&theirs);
                None
            }
            Event::ReaderLost { guid, .. } | Event::WriterLost { guid, .. } => {
                self.matched.values_mut().for_each(|theirs| {
                    theirs.remove(&guid);
                });
                self.incompatible.remove(&guid);
                None
            }
            Event::RemoteReaderQosIncompatible {
                local_writer,
                remote_reader,
                requested_qos,
                offered_qos,
            } => self.clash(
                local_writer,
                remote_reader,
                &offered_qos,
                &requested_qos,
                true,
            ),
            Event::RemoteWriterQosIncompatible {
                local_reader,
                remote_writer,
                requested_qos,
                offered_qos,
            } => self.clash(
                local_reader,
                remote_writer,
                &offered_qos,
                &requested_qos,
                false,
            ),
            _ => None,
        }
    }

    fn clash(
        &mut self,
        ours: GUID,
        theirs: GUID,
        offered: &QosPolicies,
        requested: &QosPolicies,
        we_offer: bool,
    ) -> Option<String> {
        let topic = self.topics.get(&ours)?;
        let policy = offered.compliance_failure_wrt(requested);
        let policy = policy.map_or("an unnamed policy".to_owned(), |id| format!("{id:?}"));
        let text = match we_offer {
            true => format!(
                "topic {topic}: incompatible QoS, the robot asks for more {policy} than the profile offers"
            ),
            false => format!(
                "topic {topic}: incompatible QoS, the robot offers less {policy} than the profile asks for"
            ),
        };
        self.incompatible.insert(theirs, text.clone());
        Some(text)
    }

    /// How many other ends a topic has.
    pub fn count(&self, topic: &str) -> usize {
        self.matched.get(topic).map_or(0, BTreeSet::len)
    }

    /// Every clash of QoS, in words.
    pub fn clashes(&self) -> Vec<String> {
        self.incompatible.values().cloned().collect()
    }
}
