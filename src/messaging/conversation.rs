//! Builds a whole conversation from a transcript.

use uuid::Uuid;

use super::{Message, MessageGroup, Participant, Person, Timestamp, Transcript, User};

/// A message group with all its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// One row per participant; both carry the last message and its time.
    pub groups: [MessageGroup; 2],
}

impl Conversation {
    /// Builds the conversation: person 1 of `transcript` is `me`, person 2 is `other`. The messages
    /// are one minute apart, the last one at `now`.
    pub fn from_transcript(
        transcript: &Transcript,
        me: &User,
        other: &User,
        group: Uuid,
        now: Timestamp,
    ) -> Self {
        let lines = transcript.lines();
        let messages: Vec<Message> = lines
            .iter()
            .enumerate()
            .map(|(index, line)| Message {
                message_group_uuid: group.to_string(),
                sent_at: now.minutes_before(lines.len() - 1 - index).to_string(),
                message_uuid: Uuid::new_v4().to_string(),
                message: line.text.clone(),
                sender: Participant::from(match line.person {
                    Person::One => me,
                    Person::Two => other,
                }),
            })
            .collect();
        let last = messages.last().map(|message| message.message.clone()).unwrap_or_default();
        let row = |owner: &User, other: &User| MessageGroup {
            owner_uuid: owner.uuid.to_string(),
            message_group_uuid: group.to_string(),
            last_message_at: now.to_string(),
            message: last.clone(),
            other: other.into(),
        };
        Self { messages, groups: [row(me, other), row(other, me)] }
    }
}
