"""The log, its heads and what is kept sealed; evidence refuses UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSERT_ONLY = (
    "statement",
    "entry",
    "link",
    "author_fork",
    "quarantine",
    "adoption",
    "split_view",
    "posting",
    "leaf",
    "tile",
    "checkpoint",
    "cosignature",
)

# One round trip locks author heads, then stream heads, each in order, and reads what an append depends on. Each
# statement in it has a snapshot of its own (READ COMMITTED), so what follows a lock sees what the lock waited for.
LOCK_HEADS = """
CREATE FUNCTION lock_heads(p_keys bytea[], p_key_streams text[], p_streams text[], p_ids text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE authors json; heads json;
BEGIN
  SELECT json_agg(a) INTO authors FROM (
    SELECT * FROM author_head WHERE key = ANY(p_keys) OR stream = ANY(p_key_streams) ORDER BY key FOR UPDATE
  ) a;
  INSERT INTO stream_head (stream, seq) SELECT name, 0 FROM unnest(p_streams) AS name ORDER BY name
    ON CONFLICT (stream) DO NOTHING;
  SELECT json_agg(json_build_array(h.stream, h.seq, h.leaf, h.state)) INTO heads FROM (
    SELECT * FROM stream_head WHERE stream = ANY(p_streams) ORDER BY stream FOR UPDATE
  ) h;
  RETURN json_build_object(
    'authors', authors,
    'heads', heads,
    'taken', (SELECT json_object_agg(id, statement) FROM entry WHERE id = ANY(p_ids)),
    'received_at', (SELECT received_at FROM log_state)
  );
END $$
"""

# The compare-and-swap of heads. Rows are locked in the order of `lock_heads`: authors by key, new streams by name, then
# streams by name. The rows that nobody waits for come next, and last the queue, whose numbers are drawn when all locks
# are held. Errors are 40001 where somebody else came between (the caller begins again) and P0004 where rows were lost.
# Plans are made once and for large tables: making them again for each call took a quarter of its time.
APPEND_ENTRIES = """
CREATE FUNCTION append_entries(
  p_class int, p_since int, p_started_ms bigint, p_received_at text,
  a_before bigint[], a_seq bigint[], a_hash bytea[], a_seen bigint[], a_revoked_last bigint[], a_revoked_at bigint[],
  a_key bytea[],
  h_stream text[], h_before bigint[], h_seq bigint[], h_leaf bytea[], h_state bytea[],
  s_hash bytea[], s_key bytea[], s_seq bigint[], s_bytes bytea[], s_signature bytea[], e_id text[], e_bytes bytea[],
  l_stream text[], l_seq bigint[], l_statement bytea[],
  p_statement bytea[], p_n bigint[], p_grams bigint[], p_cause text[], p_of bigint[],
  d_stage text[], d_holder text[], d_site text[], d_code text[], d_container text[],
  c_stage text[], c_holder text[], c_site text[], c_code text[], c_container text[]
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE made bigint; written bigint;
BEGIN
  IF p_since IS NOT NULL THEN  -- the heads are guessed: nothing is locked yet
    PERFORM pg_advisory_xact_lock_shared(p_class, p_since);
    IF abs(extract(epoch FROM clock_timestamp()) * 1000 - p_started_ms) > 1000 THEN
      RAISE EXCEPTION 'the clock went on too far since it was read' USING ERRCODE = '40001';
    END IF;
    IF EXISTS (SELECT FROM log_state WHERE received_at > p_received_at) THEN
      RAISE EXCEPTION 'the log is ahead of %', p_received_at USING ERRCODE = '40001';
    END IF;
  END IF;
  IF p_since IS NOT NULL AND cardinality(a_key) > 1 THEN
    PERFORM FROM author_head WHERE key = ANY(a_key) ORDER BY key FOR UPDATE;
  END IF;
  UPDATE author_head SET seq = a.seq, hash = a.hash, seen_size = a.seen,
    revoked_last_seq = a.revoked_last, revoked_at_seq = a.revoked_at
    FROM unnest(a_before, a_seq, a_hash, a_seen, a_revoked_last, a_revoked_at, a_key)
      AS a (before, seq, hash, seen, revoked_last, revoked_at, key)
    WHERE author_head.key = a.key AND author_head.seq = a.before
    AND (p_since IS NULL OR author_head.revoked_last_seq IS NOT DISTINCT FROM a.revoked_last);
  GET DIAGNOSTICS made = ROW_COUNT;
  IF made <> cardinality(a_key) THEN
    RAISE EXCEPTION 'an author is not where it was remembered' USING ERRCODE = '40001';
  END IF;
  INSERT INTO stream_head (stream, seq, leaf, state)
    SELECT stream, seq, leaf, state FROM unnest(h_stream, h_before, h_seq, h_leaf, h_state)
      AS h (stream, before, seq, leaf, state) WHERE before = 0 ORDER BY stream
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf, state = excluded.state
      WHERE stream_head.seq = 0;
  GET DIAGNOSTICS written = ROW_COUNT;
  IF p_since IS NOT NULL AND cardinality(h_stream) - written > 1 THEN
    PERFORM FROM stream_head WHERE stream = ANY(h_stream) ORDER BY stream FOR UPDATE;
  END IF;
  UPDATE stream_head SET seq = h.seq, leaf = h.leaf, state = h.state
    FROM unnest(h_stream, h_before, h_seq, h_leaf, h_state) AS h (stream, before, seq, leaf, state)
    WHERE h.before > 0 AND stream_head.stream = h.stream AND stream_head.seq = h.before;
  GET DIAGNOSTICS made = ROW_COUNT;
  IF written + made <> cardinality(h_stream) THEN
    RAISE EXCEPTION 'a stream is not where it was remembered' USING ERRCODE = '40001';
  END IF;
  written := 0;
  INSERT INTO statement (hash, key, seq, bytes, signature)
    SELECT * FROM unnest(s_hash, s_key, s_seq, s_bytes, s_signature);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO entry (statement, id, bytes) SELECT * FROM unnest(s_hash, e_id, e_bytes);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO link (stream, seq, statement) SELECT * FROM unnest(l_stream, l_seq, l_statement);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO posting SELECT * FROM unnest(p_statement, p_n, p_grams, p_cause, p_of,
    d_stage, d_holder, d_site, d_code, d_container, c_stage, c_holder, c_site, c_code, c_container);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO pending (statement)
    SELECT hash FROM unnest(s_hash) WITH ORDINALITY AS s (hash, place) ORDER BY place;
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  IF written <> 3 * cardinality(s_hash) + cardinality(l_stream) + cardinality(p_statement) THEN
    RAISE EXCEPTION 'expected % rows, got %',
      3 * cardinality(s_hash) + cardinality(l_stream) + cardinality(p_statement), written USING ERRCODE = 'P0004';
  END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "author_head",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("server", sa.Boolean(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=True),
        sa.Column("vouched_by", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("seen_size", sa.BigInteger(), nullable=False),
        sa.Column("revoked_last_seq", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_author_head"),
        sa.UniqueConstraint("stream", name="uq_author_head_stream"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoint"),
    )
    op.create_table(
        "custodial_key",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_custodial_key"),
        sa.UniqueConstraint("person", name="uq_custodial_key_person"),
    )
    op.create_table(
        "log_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_state"),
    )
    op.create_table(
        "quarantine",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("statement", name="pk_quarantine"),
    )
    op.create_table(
        "sealed",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("statement", "path", name="pk_sealed"),
    )
    op.create_index("ix_sealed_person", "sealed", ["person"], unique=False)
    op.create_table(
        "statement",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_statement"),
        sa.UniqueConstraint("key", "seq", name="uq_statement_key_seq"),
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("stream", name="pk_stream_head"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subject_key",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_subject_key"),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_tile"),
    )
    op.create_table(
        "author_fork",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("branch", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["statement.hash"], name="fk_author_fork_branch"),
        sa.PrimaryKeyConstraint("statement", name="pk_author_fork"),
    )
    op.create_table(
        "cosignature",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"], name="fk_cosignature_size"),
        sa.PrimaryKeyConstraint("size", "key_id", name="pk_cosignature"),
    )
    op.create_table(
        "entry",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("statement", name="pk_entry"),
        sa.UniqueConstraint("id", name="uq_entry_id"),
    )
    op.create_table(
        "adoption",
        sa.Column("quarantined", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["quarantined"], ["quarantine.statement"], name="fk_adoption_quarantined"),
        sa.ForeignKeyConstraint(["statement"], ["entry.statement"], name="fk_adoption_statement"),
        sa.PrimaryKeyConstraint("quarantined", name="pk_adoption"),
    )
    op.create_table(
        "leaf",
        sa.Column("index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_leaf"),
        sa.UniqueConstraint("statement", name="uq_leaf_statement"),
    )
    op.create_table(
        "link",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_link"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "posting",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("of_g", sa.BigInteger(), nullable=False),
        sa.Column("debit_stage", sa.Text(), nullable=False),
        sa.Column("debit_holder", sa.Text(), nullable=False),
        sa.Column("debit_site", sa.Text(), nullable=False),
        sa.Column("debit_code", sa.Text(), nullable=False),
        sa.Column("debit_container", sa.Text(), nullable=False),
        sa.Column("credit_stage", sa.Text(), nullable=False),
        sa.Column("credit_holder", sa.Text(), nullable=False),
        sa.Column("credit_site", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("credit_container", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("statement", "n", name="pk_posting"),
    )
    op.create_table(
        "split_view",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("theirs", sa.LargeBinary(), nullable=False),
        sa.Column("ours", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["statement"], ["entry.statement"], name="fk_split_view_statement"),
        sa.PrimaryKeyConstraint("statement", name="pk_split_view"),
    )

    if op.get_bind().dialect.name == "sqlite":
        for table in INSERT_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
                )
    else:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$"
        )
        op.execute(LOCK_HEADS)
        op.execute(APPEND_ENTRIES)
        for table in INSERT_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
