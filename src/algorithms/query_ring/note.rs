//! The branches that runs count.

/// Rule 3: an edit stops at a peer that has it.
pub(super) const EDIT_STOPPED: &str = "edit_stopped";
/// Rule 4: a peer asks for the token, or the coordinator for a confirmation.
pub(super) const QUESTION_ASKED: &str = "question_asked";
/// Rule 4: a token comes, and cancels a question that is out.
pub(super) const QUESTION_CANCELLED: &str = "question_cancelled";
/// Rule 5: a question comes to the peer that has the token, and is dropped.
pub(super) const QUESTION_MET_TOKEN: &str = "question_met_token";
/// Rule 5: a question outlives its asker, and is dropped.
pub(super) const QUESTION_OF_DEAD: &str = "question_of_dead";
/// Rule 5: a question waits for the inbox.
pub(super) const QUESTION_WAITS: &str = "question_waits";
/// Rule 5: the inbox held no token, and the question that waited for it goes on.
pub(super) const WAITING_QUESTION_PASSED: &str = "waiting_question_passed";
/// Rule 5: the inbox held the token, and the question that waited for it is dropped.
pub(super) const WAITING_QUESTION_DROPPED: &str = "waiting_question_dropped";
/// Rule 6: a question comes back, and the token is lost.
pub(super) const QUESTION_RETURNED: &str = "question_returned";
/// Rules 4 and 6: a question comes back that no longer counts.
pub(super) const QUESTION_STALE: &str = "question_stale";
/// Rule 6: a loss is reported to another peer.
pub(super) const LOSS_REPORTED: &str = "loss_reported";
/// Rule 6: the coordinator asks for a confirmation.
pub(super) const LOSS_CONFIRMATION: &str = "loss_confirmation";
/// Rule 6: a report of loss comes to a peer that has the token, or is asking about it already.
pub(super) const LOSS_IGNORED: &str = "loss_ignored";
/// Rule 6: a token is created.
pub(super) const TOKEN_CREATED: &str = "token_created";
/// Rule 7: a new successor is sent the edit.
pub(super) const EDIT_RESENT: &str = "edit_resent";
/// Rule 8: a message from beyond a dead peer comes before the report of its death, and is held.
pub(super) const EARLY_HELD: &str = "early_held";
/// Rule 8: the last peer between is reported dead, and a held message has its turn.
pub(super) const HELD_RELEASED: &str = "held_released";
/// Rule 8: the sender of held messages is reported dead, and they are dropped.
pub(super) const HELD_DROPPED: &str = "held_dropped";
/// Rule 8: a message of a peer reported dead is dropped.
pub(super) const DEAD_DROPPED: &str = "dead_dropped";
/// Rule 9: the last peer of the ring asks itself.
pub(super) const ALONE: &str = "alone";
