"""Statements by a number in the order of receipt, each with its entry in one row: docs/decisions/0017."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SIDES = [f"{side}_{part}" for side in ("debit", "credit") for part in ("stage", "holder", "site", "code", "container")]
MADE_ANEW = ("author_fork", "adoption", "split_view", "posting", "link", "pending", "leaf", "statement")
INSERT_ONLY = ("author_fork", "adoption", "split_view", "posting", "link", "leaf", "statement")

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
    'taken', (SELECT json_object_agg(id, hash) FROM statement WHERE id = ANY(p_ids)),
    'received_at', (SELECT received_at FROM log_state)
  );
END $$
"""

# As in revision 0001, but that statements are numbered here, when all locks are held: what follows a statement in a
# chain has a greater number. Links and postings say which statement of this call they belong to, counted from one.
APPEND_ENTRIES = """
CREATE FUNCTION append_entries(
  p_class int, p_since int, p_started_ms bigint, p_received_at text,
  a_before bigint[], a_seq bigint[], a_hash bytea[], a_seen bigint[], a_revoked_last bigint[], a_revoked_at bigint[],
  a_key bytea[],
  h_stream text[], h_before bigint[], h_seq bigint[], h_leaf bytea[], h_state bytea[],
  s_hash bytea[], s_key bytea[], s_seq bigint[], s_id text[], s_bytes bytea[], s_signature bytea[], s_entry bytea[],
  l_stream text[], l_seq bigint[], l_nth bigint[],
  p_nth bigint[], p_place bigint[], p_grams bigint[], p_cause text[], p_of bigint[],
  d_stage text[], d_holder text[], d_site text[], d_code text[], d_container text[],
  c_stage text[], c_holder text[], c_site text[], c_code text[], c_container text[]
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE made bigint; written bigint; numbers bigint[];
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
  SELECT array_agg(nextval('statement_n_seq')) INTO numbers FROM generate_series(1, cardinality(s_hash));
  written := 0;
  INSERT INTO statement (n, hash, key, seq, id, bytes, signature, entry)
    SELECT * FROM unnest(numbers, s_hash, s_key, s_seq, s_id, s_bytes, s_signature, s_entry);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO link (stream, seq, n)
    SELECT stream, seq, numbers[nth] FROM unnest(l_stream, l_seq, l_nth) AS l (stream, seq, nth);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO posting SELECT numbers[nth], place, grams, cause, of_g, ds, dh, dt, dc, dr, cs, ch, ct, cc, cr
    FROM unnest(p_nth, p_place, p_grams, p_cause, p_of,
      d_stage, d_holder, d_site, d_code, d_container, c_stage, c_holder, c_site, c_code, c_container)
    AS p (nth, place, grams, cause, of_g, ds, dh, dt, dc, dr, cs, ch, ct, cc, cr);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  INSERT INTO pending (n) SELECT * FROM unnest(numbers);
  GET DIAGNOSTICS made = ROW_COUNT; written := written + made;
  IF written <> 2 * cardinality(s_hash) + cardinality(l_stream) + cardinality(p_nth) THEN
    RAISE EXCEPTION 'expected % rows, got %',
      2 * cardinality(s_hash) + cardinality(l_stream) + cardinality(p_nth), written USING ERRCODE = 'P0004';
  END IF;
END $$
"""

# Owner and rights of each table as they were; who drew numbers for `pending` draws them for `statement`.
CARRY_RIGHTS = """
DO $$ DECLARE was record; given record;
BEGIN
  FOR was IN
    SELECT c.relname, c.relacl, c.relowner::regrole AS owner,
      CASE WHEN c.relkind = 'S' THEN 'statement_n_seq' ELSE substr(c.relname, 5) END AS name
    FROM pg_class c WHERE c.relnamespace = current_schema()::text::regnamespace
    AND (c.relname LIKE 'old\\_%' AND c.relkind = 'r' AND c.relname <> 'old_entry' OR c.relname = 'pending_id_seq')
  LOOP
    IF was.name <> 'statement_n_seq' THEN
      EXECUTE format('ALTER TABLE %I OWNER TO %s', was.name, was.owner);
    END IF;
    FOR given IN SELECT grantee::regrole AS role, privilege_type FROM aclexplode(was.relacl) WHERE grantee <> 0 LOOP
      EXECUTE format('GRANT %s ON %s %I TO %s', given.privilege_type,
        CASE WHEN was.name = 'statement_n_seq' THEN 'SEQUENCE' ELSE 'TABLE' END, was.name, given.role);
    END LOOP;
  END LOOP;
END $$
"""

# What was known by a hash has the number of its leaf, then of its place in the queue.
NUMBERED = """
CREATE TABLE numbered AS
SELECT statement AS hash, "index" + 1 AS n FROM leaf UNION ALL
SELECT statement, (SELECT coalesce(max("index") + 1, 0) FROM leaf) + row_number() OVER (ORDER BY id) FROM pending
"""
COPIED = {
    "statement": "(n, hash, key, seq, id, bytes, signature, entry) SELECT o.n, s.hash, s.key, s.seq, e.id, s.bytes,"
    " s.signature, e.bytes FROM numbered o JOIN old_statement s ON s.hash = o.hash JOIN old_entry e"
    " ON e.statement = o.hash ORDER BY o.n",
    "leaf": '("index", hash, n) SELECT "index", hash, "index" + 1 FROM old_leaf ORDER BY "index"',
    "pending": "(n) SELECT o.n FROM numbered o JOIN old_pending p ON p.statement = o.hash ORDER BY o.n",
    "link": "(stream, seq, n) SELECT k.stream, k.seq, o.n FROM old_link k JOIN numbered o ON o.hash = k.statement"
    " ORDER BY k.stream, k.seq",
    "posting": f"(n, place, grams, cause, of_g, {', '.join(SIDES)}) SELECT o.n, p.n, p.grams, p.cause, p.of_g,"
    f" p.{', p.'.join(SIDES)} FROM old_posting p JOIN numbered o ON o.hash = p.statement ORDER BY o.n, p.n",
    "author_fork": "SELECT * FROM old_author_fork",
    "adoption": "SELECT * FROM old_adoption",
    "split_view": "SELECT * FROM old_split_view",
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(NUMBERED)
    op.execute("CREATE UNIQUE INDEX ix_numbered ON numbered (hash)")
    for name in (*MADE_ANEW, "entry"):
        _set_aside(name, sqlite)
    _create()
    for name, copied in COPIED.items():
        op.execute(f"INSERT INTO {name} {copied}")
        _all_there(name, f"old_{name}")
    _all_there("statement", "old_entry")
    if not sqlite:
        op.execute("SELECT setval('statement_n_seq', (SELECT coalesce(max(n), 0) + 1 FROM statement), false)")
        op.execute(CARRY_RIGHTS)
    op.drop_table("numbered")
    for name in ("author_fork", "adoption", "split_view", "entry", "posting", "link", "pending", "leaf", "statement"):
        op.drop_table(f"old_{name}")
    if not sqlite:
        for function in ("lock_heads", "append_entries"):
            op.execute(f"DROP FUNCTION {function}")
        op.execute(LOCK_HEADS)
        op.execute(APPEND_ENTRIES)
    for name in INSERT_ONLY:
        _guard(name, sqlite)


def _set_aside(name: str, sqlite: bool) -> None:
    op.rename_table(name, f"old_{name}")
    if sqlite:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS {name}_refuses_{verb}")
        return
    named = "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:name AS regclass) AND contype IN ('p', 'u')"
    for constraint in op.get_bind().execute(sa.text(named), {"name": f"old_{name}"}).scalars().all():
        op.execute(f'ALTER TABLE old_{name} RENAME CONSTRAINT "{constraint}" TO "old_{constraint}"')


def _all_there(name: str, before: str) -> None:
    """A ledger whose rows do not fit together is left as it was: what is wrong with it must stay to be found."""
    now, was = (
        op.get_bind().execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in (name, before)
    )
    if now != was:
        raise RuntimeError(
            f"{name}: expected {was} rows, got {now}; the rows of this ledger do not fit together."
            " Verify it with the version that it was written by"
        )


def _guard(name: str, sqlite: bool) -> None:
    if not sqlite:
        op.execute(
            f"CREATE TRIGGER {name}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {name}_refuses_{verb.lower()} BEFORE {verb} ON {name} "
            f"BEGIN SELECT RAISE(ABORT, '{name} is insert-only'); END"
        )


def _create() -> None:
    op.create_table(
        "statement",
        sa.Column("n", NUMBER, autoincrement=True, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_statement"),
        sa.UniqueConstraint("hash", name="uq_statement_hash"),
        sa.UniqueConstraint("id", name="uq_statement_id"),
        sa.UniqueConstraint("key", "seq", name="uq_statement_key_seq"),
    )
    op.create_table(
        "leaf",
        sa.Column("index", NUMBER, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_leaf"),
        sa.UniqueConstraint("n", name="uq_leaf_n"),
    )
    op.create_table(
        "pending",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_pending"),
    )
    op.create_table(
        "link",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_link"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posting",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("of_g", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in SIDES),
        sa.PrimaryKeyConstraint("n", "place", name="pk_posting"),
        sqlite_with_rowid=False,
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
        "adoption",
        sa.Column("quarantined", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["quarantined"], ["quarantine.statement"], name="fk_adoption_quarantined"),
        sa.ForeignKeyConstraint(["statement"], ["statement.hash"], name="fk_adoption_statement"),
        sa.PrimaryKeyConstraint("quarantined", name="pk_adoption"),
    )
    op.create_table(
        "split_view",
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("theirs", sa.LargeBinary(), nullable=False),
        sa.Column("ours", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["statement"], ["statement.hash"], name="fk_split_view_statement"),
        sa.PrimaryKeyConstraint("statement", name="pk_split_view"),
    )
