//! Inside a session: an ACL, a limit, another client, or the end of the broker.

use super::Case;
use super::Diagnosis;
use super::login;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Stage;
use crate::mqtt::Trip;
use crate::mqtt::Trouble;
use crate::mqtt::Version;

/// All was acknowledged, and the message did not come.
pub(super) fn no_message(case: &Case<'_>) -> Option<Diagnosis> {
    let trip = case.attempt.trip?;
    // acknowledged as always, and dropped
    let limit = case.folder.and_then(|folder| folder.settings.get("message_size_limit")?.parse::<usize>().ok());
    if limit.is_some_and(|limit| limit > 0 && trip.size > limit) {
        return Some(
            too_large(case, Stage::Publish, None)
                .evidence(format!("the configuration has `message_size_limit {}`", limit.unwrap_or_default())),
        );
    }
    // only MQTT 5 with QoS 1 or 2 tells a denied publish
    let told = case.attempt.version == Version::V5 && trip.qos > 0;
    if !told && let Err(trouble @ Trouble::Publish { .. }) = ask_again(case, trip.topic) {
        let hidden = if case.attempt.version == Version::V311 { "MQTT 3.1.1" } else { "QoS 0" };
        return Some(
            denied(case, &trouble).evidence(format!("{hidden} hides it; MQTT 5 with QoS 1 told, asked again")),
        );
    }
    let (user, topic) = (who(case), trip.topic);
    let message = if case.seen.acknowledged == Some(0x10) {
        format!("the broker took the subscription of {user} to `{topic}`, and knew no subscriber when the message came")
    } else {
        format!(
            "{user} may publish to `{topic}`, but may not read it: the broker took the subscription and sends nothing"
        )
    };
    Some(
        Diagnosis::no(Stage::Return, "delivery-denied", message)
            .evidence("Mosquitto never refuses a subscription for its ACL; it filters what is delivered")
            .hint(grant(case, "read", topic)),
    )
}

pub(super) fn no_will(case: &Case<'_>) -> Option<Diagnosis> {
    let topic = case.attempt.trip?.topic;
    match ask_again(case, topic) {
        Err(trouble @ Trouble::Publish { .. }) => Some(
            Diagnosis {
                message: format!("the broker does not publish the will of {}: it may not write `{topic}`", who(case)),
                stage: Stage::Hold,
                code: "will-denied",
                ..denied(case, &trouble)
            }
            .evidence("the will was taken at CONNECT without a word, as always"),
        ),
        Err(Trouble::NoMessage) => no_message(case),
        _ => None,
    }
}

/// The broker said so itself.
pub(super) fn denied(case: &Case<'_>, trouble: &Trouble) -> Diagnosis {
    let plain = Diagnosis::of(trouble);
    let Some(trip) = &case.attempt.trip else { return plain };
    let (user, topic) = (who(case), trip.topic);
    match plain.code {
        "publish-denied" => Diagnosis {
            message: format!("{user} may not publish to `{topic}`"),
            hints: vec![grant(case, "write", topic)],
            ..plain
        },
        "subscribe-denied" => Diagnosis {
            message: format!("{user} may not subscribe to `{topic}`"),
            hints: vec![grant(case, "read", topic)],
            ..plain
        },
        _ => plain,
    }
}

/// The connection ended in the middle, without a word: MQTT 3.1.1 has none, and brokers often say none.
pub(super) fn ended(case: &Case<'_>, stage: Stage) -> Option<Diagnosis> {
    let trip = case.attempt.trip?;
    match case.folder.and_then(|folder| folder.log_code(&case.attempt.client_id)) {
        Some("session-taken-over") => return Some(taken_over(stage)),
        Some("packet-too-large") => return Some(too_large(case, stage, None)),
        _ => {}
    }
    let again = Attempt { version: Version::V5, ..case.again() };
    let outcome = mqtt::attempt(&again);
    if matches!(outcome.result, Err(Trouble::Refused { .. })) {
        return Some(
            Diagnosis::unanswered(stage, "broker-stopped", "the broker stopped during the session")
                .evidence("nothing listens there any more")
                .hint("start it: mqsec up; why it ended: mqsec logs --explain"),
        );
    }
    if let Err(Trouble::Connack { code, .. }) = outcome.result
        && let Some(found) = login::refused(case, code)
    {
        return Some(
            Diagnosis { stage, ..found }
                .evidence("it ended the session without a word, and lets nobody in so any more"),
        );
    }
    if let Some(most) = outcome.seen.limits.maximum_qos.filter(|most| *most < trip.qos) {
        return Some(Diagnosis::of(&Trouble::Qos(most)).evidence("it closed the connection when the message came"));
    }
    let configured = || case.folder?.settings.get("max_packet_size")?.parse().ok();
    let limit = outcome.seen.limits.maximum_packet_size.or_else(configured);
    // the fixed header and the topic come on top
    if let Some(limit) = limit.filter(|limit| stage < Stage::Hold && trip.size + trip.topic.len() + 4 > *limit as usize)
    {
        return Some(too_large(case, stage, Some(limit)));
    }
    Some(
        Diagnosis::unanswered(stage, "connection-closed", "the broker ended the session without a word")
            .evidence("it still answers")
            .hint("most often another client has the same identifier, or the user was removed: mqsec logs --explain"),
    )
}

/// The broker said why it ends the session.
pub(super) fn told(case: &Case<'_>, trouble: &Trouble) -> Option<Diagnosis> {
    match Diagnosis::of(trouble).code {
        "session-taken-over" => Some(taken_over(trouble.stage())),
        "packet-too-large" => Some(too_large(case, trouble.stage(), case.seen.limits.maximum_packet_size)),
        _ => None,
    }
}

fn taken_over(stage: Stage) -> Diagnosis {
    Diagnosis::no(stage, "session-taken-over", "another client with the same identifier took the session over")
        .hint("give each client an identifier of its own: mqsec test-connect --client-id ID")
}

fn too_large(case: &Case<'_>, stage: Stage, limit: Option<u32>) -> Diagnosis {
    let size = case.attempt.trip.map_or(0, |trip| trip.size);
    let limit = limit.map_or(String::new(), |limit| format!(", which takes packets of {limit} bytes at most"));
    Diagnosis::no(stage, "packet-too-large", format!("a message of {size} bytes is too large for the broker{limit}"))
        .hint("send less, or raise max_packet_size (message_size_limit) in config/mosquitto.conf and: mqsec restart")
}

/// The round trip with MQTT 5 and QoS 1, which is acknowledged with a reason.
fn ask_again(case: &Case<'_>, topic: &str) -> Result<(), Trouble> {
    let again = Attempt { version: Version::V5, trip: Some(Trip::to(topic)), ..case.again() };
    mqtt::attempt(&again).result
}

fn who(case: &Case<'_>) -> String {
    match case.attempt.login {
        Some((user, _)) => format!("user `{user}`"),
        None => "a client without a user name".to_owned(),
    }
}

fn grant(case: &Case<'_>, access: &str, topic: &str) -> String {
    if let (Some(folder), Some((user, _))) = (case.folder, case.attempt.login)
        && folder.has_dynamic_security()
    {
        let option = if access == "write" { "--publish" } else { "--subscribe" };
        return format!(
            "to allow it: mqsec dynsec add role ROLE {option} {}, then: mqsec dynsec grant {} ROLE",
            crate::error::single_quoted(topic),
            crate::error::single_quoted(user)
        );
    }
    let file = case.folder.and_then(|folder| folder.settings.get("acl_file")).unwrap_or("the broker's acl_file");
    let section = match case.attempt.login {
        Some((user, _)) => format!("under `user {user}`"),
        None => "before the first `user` line".to_owned(),
    };
    format!("to allow it, write `topic {access} {topic}` {section} in {file}, then: mqsec up")
}
