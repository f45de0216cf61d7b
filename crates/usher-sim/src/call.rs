//! Calls of the stream-limiting API and what is said to them, in a form that can be compared.

use usher_core::{StoreError, Timestamp};
use usher_streams::{
    BeatError, Caller, Listing, StartError, StopError, Streams, Subject, Submission,
    TerminationCode, Terminator, Violation,
};

/// One call of one application about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The calling application.
    pub application: String,
    /// Provider and account.
    pub subject: (String, String),
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To start a stream with this metadata, after ending those with these codes.
    Start {
        /// Names and values.
        form: Vec<(String, String)>,
        /// Termination codes.
        codes: Vec<String>,
    },
    /// To keep a stream alive.
    Beat {
        /// Its id.
        session: String,
        /// Names and values.
        form: Vec<(String, String)>,
    },
    /// To end a stream.
    Stop {
        /// Its id.
        session: String,
    },
    /// What is running.
    List,
}

/// What is said to a call. Instants are epoch seconds where the wire has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The stream plays.
    Started {
        /// Its id.
        session: String,
        /// When its heartbeat is expected.
        expires: i64,
    },
    /// The heartbeat was accepted.
    Beaten {
        /// When the next one is expected.
        expires: i64,
    },
    /// The stream was stopped.
    Stopped,
    /// These are running.
    Listed {
        /// Those the caller may see.
        streams: Vec<Shown>,
        /// The earliest instant announced to one of them.
        expires: Option<i64>,
        /// How many others there are.
        others: usize,
    },
    /// Too many calls until then.
    Throttled(i64),
    /// Required metadata is missing.
    MissingMetadata,
    /// Too much metadata.
    OverLimits,
    /// Rules are violated.
    Denied(Vec<Denial>),
    /// The stream is over; who killed it, if somebody did.
    Gone(Option<Killer>),
    /// The stream is another application's.
    Foreign,
    /// The id was never issued to this subject.
    NeverIssued,
    /// The store failed: nobody knows.
    Unavailable,
}

/// A violated rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The policy and the rule.
    pub rule: (String, String),
    /// The attribute that is counted.
    pub attribute: String,
    /// The most values allowed.
    pub threshold: u32,
    /// The values in the way, those that keep playing first, with the codes of their streams.
    pub conflicts: Vec<(String, Vec<String>)>,
}

/// A stream in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub session: String,
    /// Its application.
    pub application: String,
    /// Its metadata in no order, what it replaced included.
    pub metadata: Vec<(String, String)>,
}

/// What a killed stream learns about its killer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killer {
    /// When it started, in epoch milliseconds.
    pub started: i64,
    /// The display name of its application.
    pub application: String,
    /// Its channel and device, if it named them.
    pub names: [Option<String>; 2],
}

impl Call {
    /// Makes the call to the real service. An application that is not known cannot call.
    pub async fn make(&self, streams: &Streams) -> Option<Said> {
        let caller = streams.caller(&self.application).ok()?;
        let subject = Subject::new(&self.subject.0, &self.subject.1);
        Some(match &self.ask {
            Ask::Start { form, codes } => start(streams, &caller, &subject, (form, codes)).await,
            Ask::Beat { session, form } => {
                let submission = Submission::Pairs(form.clone());
                match streams.beat(&caller, &subject, session, &submission).await {
                    Ok(beat) => Said::Beaten { expires: beat.expires.as_secs() },
                    Err(error) => error.into(),
                }
            }
            Ask::Stop { session } => match streams.stop(&caller, &subject, session).await {
                Ok(()) => Said::Stopped,
                Err(error) => error.into(),
            },
            Ask::List => match streams.list(&caller, &subject).await {
                Ok(listing) => listing.into(),
                Err(error) => error.into(),
            },
        })
    }
}

async fn start(
    streams: &Streams,
    caller: &Caller,
    subject: &Subject,
    (form, codes): (&[(String, String)], &[String]),
) -> Said {
    let submission = Submission::Pairs(form.to_vec());
    let codes: Vec<_> = codes.iter().filter_map(|code| TerminationCode::parse(code)).collect();
    match streams.start(caller, subject, &submission, &codes).await {
        Ok(started) => {
            Said::Started { session: started.id.to_string(), expires: started.expires.as_secs() }
        }
        Err(error) => error.into(),
    }
}

impl From<StartError> for Said {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Throttled { until } => Self::Throttled(until.as_secs()),
            StartError::Full => Self::Unavailable,
            StartError::OverLimits(_) => Self::OverLimits,
            StartError::MissingMetadata => Self::MissingMetadata,
            StartError::Denied(violations) => Self::Denied(denials(violations)),
            StartError::Store(error) => error.into(),
        }
    }
}

impl From<BeatError> for Said {
    fn from(error: BeatError) -> Self {
        match error {
            BeatError::NeverIssued => Self::NeverIssued,
            BeatError::Throttled { until } => Self::Throttled(until.as_secs()),
            BeatError::Foreign => Self::Foreign,
            BeatError::Gone(terminator) => Self::Gone(terminator.map(Into::into)),
            BeatError::OverLimits(_) => Self::OverLimits,
            BeatError::Denied(violations) => Self::Denied(denials(violations)),
            BeatError::Store(error) => error.into(),
        }
    }
}

impl From<StopError> for Said {
    fn from(error: StopError) -> Self {
        match error {
            StopError::NeverIssued => Self::NeverIssued,
            StopError::Throttled { until } => Self::Throttled(until.as_secs()),
            StopError::Foreign => Self::Foreign,
            StopError::Gone(terminator) => Self::Gone(terminator.map(Into::into)),
            StopError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Said {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<Terminator> for Killer {
    fn from(terminator: Terminator) -> Self {
        let Terminator { channel, started_at, device_name, application_name } = terminator;
        Self {
            started: started_at.as_millis(),
            application: application_name.into(),
            names: [channel, device_name].map(|name| name.map(Into::into)),
        }
    }
}

impl From<Listing> for Said {
    fn from(listing: Listing) -> Self {
        let streams = listing.streams.iter().map(|stream| Shown {
            session: stream.id.to_string(),
            application: stream.application.to_string(),
            metadata: sorted(stream.metadata.iter()),
        });
        Self::Listed {
            streams: streams.collect(),
            expires: listing.expires.map(Timestamp::as_secs),
            others: listing.others,
        }
    }
}

/// Owned pairs in the order of their names.
pub(crate) fn sorted<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.sort();
    pairs
}

fn denials(violations: Vec<Violation>) -> Vec<Denial> {
    let denial = |it: Violation| Denial {
        rule: (it.policy, it.rule),
        attribute: it.attribute,
        threshold: it.threshold,
        conflicts: it
            .conflicts
            .into_iter()
            .map(|(value, streams)| (value, streams.iter().map(|it| it.code.to_string()).collect()))
            .collect(),
    };
    violations.into_iter().map(denial).collect()
}
