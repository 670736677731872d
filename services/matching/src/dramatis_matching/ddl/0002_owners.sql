-- Whose persona it is, so that an agent is shown no more personas here than elsewhere.
ALTER TABLE matching_personas ADD COLUMN IF NOT EXISTS owner_agent String COMMENT 'the agent; empty for none';
ALTER TABLE matching_personas ADD COLUMN IF NOT EXISTS owner_team String COMMENT 'its team; empty for none';
