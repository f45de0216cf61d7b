//! Authentication sessions, profiles, decisions, media tokens: who may watch.
//!
//! [`Entitlement`] has one method per operation of the API. It gathers through ports, decides by plain
//! functions over plain values, and records through ports again; it knows no HTTP, no SQL, no
//! provider's protocol, no runtime and no clock of its own. Records are behind [`SessionStore`] and
//! [`ProfileStore`], those of temporary passes behind [`TrialStore`], TV providers behind [`MvpdSignIn`]
//! and [`MvpdAuthorization`].

mod call;
mod code;
mod config;
mod decision;
mod degradation;
mod device;
mod events;
mod explain;
mod framework;
pub mod media_token;
mod metadata;
mod mvpd;
mod partner;
mod permits;
mod platform;
mod privacy;
mod profile;
mod profiles_cache;
mod pseudonym;
mod redirect;
mod resource;
mod sealed;
mod seen_profile;
mod service;
mod session;
mod sso;
mod store;
mod temp_pass;
mod user_agents;
mod xml_text;

#[cfg(test)]
mod fixtures;

pub use call::{Call, PartnerError};
pub use code::Code;
pub use config::{EntitlementConfig, MediaTokenFormat};
pub use decision::{Decision, Outcome, Permit, Playback, Refusal, RefusalReason, Source};
pub use degradation::{DegradationRule, DegradationStore, HISTORY, Measure, RuleKey, RuleStanding};
pub use device::DeviceInfo;
pub use explain::{
    ExchangeNote, Explanation, Explanations, Ground, GroundNote, Lifetime, PassNote, PermitNote,
    ResourceNote, RuleNote, SignInNote, Unexplained, ViewerNote, ViewerStanding,
};
pub use framework::{
    ConfigurationDefect, FrameworkSignIn, FrameworkSignIns, FrameworkStatus, PlatformPartner,
    StatusDefect,
};
pub use metadata::{Attribute, Attributes};
pub use mvpd::{
    AnsweredBy, AskingDevice, AuthorizationAsk, BrowserForm, BrowserStep, DenyReason, Exchange,
    ExchangeStatus, MvpdAuthorization, MvpdDecision, MvpdFailure, MvpdOutcome, MvpdSignIn,
    PlatformRequest, ProviderSignOut, Purpose, SignInAnswer, SignInError, SignInStart,
    SignOutAnswer, SignOutStart, VerifiedIdentity,
};
pub use partner::Partner;
pub use platform::DetectedPlatform;
pub use privacy::{
    Download, FoundRecords, JobFilter, JobQuery, Privacy, PrivacyAction, PrivacyError, PrivacyJob,
    PrivacyJobs, PrivacyPorts, PrivacyRequest, PrivacyState, PrivacySubject, PrivacyUser,
    Promptness, SUBJECTS_MAX, StoredJob,
};
pub use profile::{Profile, ProfileKey, Standing, Upstream};
pub use redirect::RedirectUrl;
pub use sealed::{Sealed, StateDigest};
pub use service::{
    AuthorizeReason, BeginFrameworkError, BeginSignInError, Configuration, ConfiguredMvpd,
    CreateSessionError, DecisionAsk, DecisionError, DegradationError, Entitlement,
    EntitlementPorts, Fallback, FinishFrameworkError, FinishSignInError, FrameworkAnswer,
    GivenParameters, LogoutAnswer, LogoutError, LogoutStep, NextStep, PartnerSso, ProfileError,
    ProfileKind, ProfileView, ProviderLogoutError, ResumeSessionError, RuleOwner, RuleSelection,
    RuleTerms, ServiceToken, SessionAnswer, SessionError, SessionView, SignInStep, SsoDevice,
    SsoIdentity, SsoServiceError, Ticket, TrialReset, TrialResetError,
};
pub use session::{
    AuthenticationSession, Holder, Login, Origin, ParameterName, Parameters, PendingLogout, Stage,
    Target,
};
pub use sso::{
    DEVICES_MAX, LinkCode, LinkedDevice, SsoAccount, SsoMethod, SsoStore, SsoSubject, SsoTokens,
    TokenDigest,
};
pub use store::{LINKED_MAX, ProfileStore, SessionStore, TOMBSTONE_RETENTION, UsedAssertions};
pub use temp_pass::{
    DEVICES_AT_ONCE, FoundTrials, IdentityHash, Pass, Trial, TrialHolder, TrialRefusal, TrialStore,
};
pub use user_agents::{AgentWords, UserAgents};
