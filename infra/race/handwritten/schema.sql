-- The schema and the functions of the hand-written service. Each request calls one function, which is one transaction
-- and one round trip. A function returns an outcome; the outcomes that are rejections have changed nothing.
--
-- A function locks the member's row by updating it, so commands of one member run one after another. It raises
-- serialization_failure if a concurrent request used the same ID or key first; the service then calls it again.

CREATE TABLE api_keys (
    digest bytea PRIMARY KEY -- SHA-256 of the key
);

CREATE TABLE members (
    id          text PRIMARY KEY,
    external_id text NOT NULL UNIQUE,        -- the merchant's own ID
    level       text NOT NULL DEFAULT 'bronze',
    percent     bigint NOT NULL DEFAULT 100, -- the multiplier of the level
    joined_at   timestamptz NOT NULL DEFAULT now(),
    active      bigint NOT NULL DEFAULT 0 CHECK (active >= 0),
    reserved    bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    debt        bigint NOT NULL DEFAULT 0 CHECK (debt >= 0),
    entries     bigint NOT NULL DEFAULT 0    -- the sequence number of the last entry
) WITH (fillfactor = 70);                    -- leaves space in each page for updates that change no index

CREATE TABLE orders (
    id       text PRIMARY KEY,
    member   text NOT NULL,
    revision bigint NOT NULL,
    points   bigint NOT NULL,
    digest   bytea NOT NULL,              -- SHA-256 of the content
    content  text NOT NULL
);

CREATE TABLE redemptions (
    id         text PRIMARY KEY,
    key        text NOT NULL UNIQUE,      -- the idempotency key of the request that created it
    digest     bytea NOT NULL,
    member     text NOT NULL,
    reward     text NOT NULL,
    points     bigint NOT NULL,
    status     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

-- The ledger. A member's entries are numbered without gaps, and each records the balance after it.
CREATE TABLE entries (
    member      text NOT NULL,
    sequence    bigint NOT NULL,
    kind        text NOT NULL,
    cause       text NOT NULL,
    revision    bigint NOT NULL,
    points      bigint NOT NULL,
    active      bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member, sequence)
);

-- put_order stores the state of an order and posts the difference in points. The same content again changes nothing.
-- Points that are taken back and were spent become a debt, which later points pay. p_base is the amount that earns,
-- in hundredths of a point, before the multiplier of the member's level.
CREATE FUNCTION put_order(
    p_order text, p_member text, p_digest bytea, p_content text, p_base bigint,
    OUT outcome text, OUT o_revision bigint, OUT o_points bigint, OUT o_active bigint, OUT o_reserved bigint,
    OUT o_debt bigint
) LANGUAGE plpgsql AS $$
DECLARE
    old orders%ROWTYPE;
    m members%ROWTYPE;
    delta bigint;
BEGIN
    SELECT * INTO old FROM orders WHERE id = p_order FOR UPDATE;
    IF FOUND AND (old.member <> p_member OR old.digest = p_digest) THEN
        outcome := CASE WHEN old.member = p_member THEN 'replayed' ELSE 'member_changed' END;
        SELECT old.revision, old.points, active, reserved, debt
        INTO o_revision, o_points, o_active, o_reserved, o_debt FROM members WHERE id = old.member;
        RETURN;
    END IF;
    UPDATE members SET
        active = greatest(active - debt + p_base * percent / 10000 - coalesce(old.points, 0), 0),
        debt = greatest(debt - active - p_base * percent / 10000 + coalesce(old.points, 0), 0),
        entries = entries + 1
    WHERE id = p_member RETURNING * INTO m;
    IF NOT FOUND THEN
        outcome := 'unknown_member';
        RETURN;
    END IF;
    o_points := p_base * m.percent / 10000;
    o_revision := coalesce(old.revision, 0) + 1;
    delta := o_points - coalesce(old.points, 0);
    IF o_revision = 1 THEN
        outcome := 'created';
        INSERT INTO orders VALUES (p_order, p_member, 1, o_points, p_digest, p_content) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RAISE serialization_failure USING MESSAGE = 'another request created the order';
        END IF;
    ELSE
        outcome := 'updated';
        UPDATE orders SET revision = o_revision, points = o_points, digest = p_digest, content = p_content
        WHERE id = p_order;
    END IF;
    INSERT INTO entries VALUES (p_member, m.entries, 'earn', p_order, o_revision, delta, m.active);
    o_active := m.active;
    o_reserved := m.reserved;
    o_debt := m.debt;
END $$;

-- create_redemption reserves points, or spends them if p_commit. The same key and content return the same redemption.
CREATE FUNCTION create_redemption(
    p_id text, p_key text, p_digest bytea, p_member text, p_reward text, p_points bigint, p_commit boolean,
    OUT outcome text, OUT o_id text, OUT o_status text, OUT o_created_at timestamptz, OUT o_active bigint,
    OUT o_reserved bigint, OUT o_debt bigint
) LANGUAGE plpgsql AS $$
DECLARE
    old redemptions%ROWTYPE;
    m members%ROWTYPE;
BEGIN
    SELECT * INTO old FROM redemptions WHERE key = p_key;
    IF FOUND THEN
        outcome := CASE WHEN old.digest = p_digest THEN 'replayed' ELSE 'key_reused' END;
        SELECT old.id, old.status, old.created_at, active, reserved, debt
        INTO o_id, o_status, o_created_at, o_active, o_reserved, o_debt FROM members WHERE id = old.member;
        RETURN;
    END IF;
    UPDATE members SET
        active = active - p_points,
        reserved = reserved + CASE WHEN p_commit THEN 0 ELSE p_points END,
        entries = entries + 1
    WHERE id = p_member AND active >= p_points RETURNING * INTO m;
    IF NOT FOUND THEN
        PERFORM FROM members WHERE id = p_member;
        outcome := CASE WHEN FOUND THEN 'insufficient_points' ELSE 'unknown_member' END;
        RETURN;
    END IF;
    outcome := 'created';
    o_id := p_id;
    o_status := CASE WHEN p_commit THEN 'committed' ELSE 'reserved' END;
    INSERT INTO redemptions (id, key, digest, member, reward, points, status)
    VALUES (p_id, p_key, p_digest, p_member, p_reward, p_points, o_status)
    ON CONFLICT DO NOTHING RETURNING created_at INTO o_created_at;
    IF NOT FOUND THEN
        RAISE serialization_failure USING MESSAGE = 'another request used the key';
    END IF;
    INSERT INTO entries VALUES (p_member, m.entries,
        CASE WHEN p_commit THEN 'redeem' ELSE 'reserve' END, p_id, 1, -p_points, m.active);
    o_active := m.active;
    o_reserved := m.reserved;
    o_debt := m.debt;
END $$;

-- commit_redemption spends the reserved points. A committed redemption stays as it is.
CREATE FUNCTION commit_redemption(
    p_id text,
    OUT outcome text, OUT o_member text, OUT o_reward text, OUT o_points bigint, OUT o_created_at timestamptz,
    OUT o_active bigint, OUT o_reserved bigint, OUT o_debt bigint
) LANGUAGE plpgsql AS $$
DECLARE
    m members%ROWTYPE;
BEGIN
    UPDATE redemptions SET status = 'committed'
    WHERE id = p_id AND status = 'reserved' AND created_at > now() - interval '30 minutes'
    RETURNING member, reward, points, created_at INTO o_member, o_reward, o_points, o_created_at;
    IF NOT FOUND THEN
        SELECT CASE WHEN r.status = 'committed' THEN 'replayed' ELSE 'expired' END,
            r.member, r.reward, r.points, r.created_at, n.active, n.reserved, n.debt
        INTO outcome, o_member, o_reward, o_points, o_created_at, o_active, o_reserved, o_debt
        FROM redemptions r JOIN members n ON n.id = r.member WHERE r.id = p_id;
        outcome := coalesce(outcome, 'unknown_redemption');
        RETURN;
    END IF;
    outcome := 'committed';
    UPDATE members SET reserved = reserved - o_points, entries = entries + 1 WHERE id = o_member RETURNING * INTO m;
    INSERT INTO entries VALUES (o_member, m.entries, 'redeem', p_id, 2, 0, m.active);
    o_active := m.active;
    o_reserved := m.reserved;
    o_debt := m.debt;
END $$;

-- get_member returns a member.
CREATE FUNCTION get_member(
    p_id text,
    OUT outcome text, OUT o_external_id text, OUT o_level text, OUT o_percent bigint, OUT o_joined_at timestamptz,
    OUT o_active bigint, OUT o_reserved bigint, OUT o_debt bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT 'found', external_id, level, percent, joined_at, active, reserved, debt
    INTO outcome, o_external_id, o_level, o_percent, o_joined_at, o_active, o_reserved, o_debt
    FROM members WHERE id = p_id;
    outcome := coalesce(outcome, 'unknown_member');
END $$;

-- create_quote returns the points that put_order would post for a new order.
CREATE FUNCTION create_quote(
    p_member text, p_base bigint,
    OUT outcome text, OUT o_points bigint, OUT o_active bigint, OUT o_reserved bigint, OUT o_debt bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT 'found', p_base * percent / 10000, active, reserved, debt
    INTO outcome, o_points, o_active, o_reserved, o_debt FROM members WHERE id = p_member;
    outcome := coalesce(outcome, 'unknown_member');
END $$;
