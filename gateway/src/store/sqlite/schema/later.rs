//! Which tables have come or changed since people, plans and journeys had theirs?

/// An agency's answer is for whoever asked. Those that were kept without that are asked for again.
pub(super) const ASKERS: &str = "
DROP TABLE agency_facts;

CREATE TABLE agency_facts (
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    asker BLOB NOT NULL,
    asked INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (youth, asker, agency, asked)
) STRICT;
CREATE INDEX agency_facts_by_age ON agency_facts (answered);
";

/// Of requests that have been answered long ago, the ids alone are kept.
pub(super) const ANSWERS: &str = "
DROP INDEX request_by_time;
CREATE INDEX request_with_answer ON request (time) WHERE length(sealed_answer) > 0;
";

/// Which master key is which, by version; by which of them keys of people are wrapped; what is found by person, or by age,
/// to be erased; and how many times a scrub was wanted, and had been wanted when the last one began.
pub(super) const UPKEEP: &str = "
CREATE TABLE master_key (
    version INTEGER PRIMARY KEY,
    check_value BLOB NOT NULL
) STRICT;

CREATE TABLE scrub (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    wanted INTEGER NOT NULL,
    done INTEGER NOT NULL
) STRICT;
INSERT INTO scrub (only, wanted, done) VALUES (1, 0, 0);

CREATE INDEX youth_by_master_key ON youth (substr(wrapped_key, 1, 1));
CREATE INDEX request_by_youth ON request (youth);
CREATE INDEX delivery_by_youth ON delivery (youth, state);
CREATE INDEX delivery_by_plan ON delivery (plan) WHERE plan IS NOT NULL;
CREATE INDEX event_by_referral ON event (referral);
CREATE INDEX task_event_by_task ON task_event (task);
CREATE INDEX task_by_plan ON task (plan) WHERE plan IS NOT NULL;
CREATE INDEX plan_event_by_youth ON plan_event (youth);
CREATE INDEX consent_notice_by_youth ON consent_notice (youth);
CREATE INDEX audit_detail_by_youth ON audit_detail (youth) WHERE youth IS NOT NULL;
CREATE INDEX linked_identity_by_link ON linked_identity (link);
CREATE INDEX plan_ended ON plan (updated) WHERE ended = 1;
CREATE INDEX journey_entry_by_age ON journey_entry (created);
";

/// What an operator lists, and what ends although its agency is left alone.
pub(super) const OPERATED_DELIVERIES: &str = "
CREATE INDEX delivery_not_arrived ON delivery (number) WHERE state <> 3;
CREATE INDEX delivery_by_deadline ON delivery (agency, deadline) WHERE state IN (1, 2, 4);
";

/// What is known of people for deciding changes in one order, in which those who were erased stand by their pseudonyms in
/// the audit log, and what was never done is written down as closed.
pub(super) const KNOWN: &str = "
ALTER TABLE youth ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
CREATE INDEX youth_by_known ON youth (known) WHERE known > 0;

CREATE TABLE closed_leaf (sequence INTEGER PRIMARY KEY) STRICT;

CREATE TABLE erased_person (known INTEGER PRIMARY KEY, subject BLOB NOT NULL) STRICT;
";

/// What agencies have answered is kept in memory.
pub(super) const FACTS_IN_MEMORY: &str = "
DROP TABLE agency_facts;
";
