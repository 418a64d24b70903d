"""The rules that fields, keys and the spelling of tuples cannot say, for whoever writes past the services.

They hold at the end of a transaction, except that a name is fixed and a new tuple full from the start: an axis
that comes later leaves the members before it incomplete, and that is allowed.
"""

from django.db import migrations

# --- names -------------------------------------------------------------------------------------------------
NAMES = {"family": "key", "axis": "key", "option": "value", "workflow": "key"}
NAME_IS_FIXED = """
CREATE FUNCTION families_name_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'members and clients spell this name, so it cannot be changed'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'name_is_fixed';
END
$$
"""
KEEP_NAME = """
CREATE TRIGGER name_is_fixed BEFORE UPDATE ON families_{table}
FOR EACH ROW WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION families_name_is_fixed()
"""

# --- tuples ------------------------------------------------------------------------------------------------
TUPLE_SETS_EVERY_AXIS = """
CREATE FUNCTION families_tuple_sets_every_axis() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written jsonb := to_jsonb(COALESCE(OLD, NEW));
BEGIN
    PERFORM 1 FROM families_member member JOIN families_axis axis ON axis.family_id = member.family_id
    WHERE member.id = (written ->> TG_ARGV[0])::uuid
    AND axis.id = COALESCE((written ->> 'axis_id')::uuid, axis.id)
    AND NOT member.selection ? axis.key;
    IF FOUND THEN
        RAISE EXCEPTION 'the tuple of a member sets every axis of its family'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'member_tuple_sets_every_axis';
    END IF;
    RETURN NULL;
END
$$
"""
BEGIN_FULL = """
CREATE TRIGGER member_tuple_sets_every_axis AFTER INSERT ON families_member
FOR EACH ROW EXECUTE FUNCTION families_tuple_sets_every_axis('id')
"""
STAY_FULL = """
CREATE CONSTRAINT TRIGGER member_tuple_sets_every_axis
AFTER UPDATE OR DELETE ON families_memberoption DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION families_tuple_sets_every_axis('member_id')
"""

# --- axes --------------------------------------------------------------------------------------------------
AXIS_IS_WHOLE = """
CREATE FUNCTION families_axis_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    axis families_axis;
    options integer;
BEGIN
    SELECT * INTO axis FROM families_axis
    WHERE id = (to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0])::uuid;
    SELECT count(*) INTO options FROM families_option WHERE axis_id = axis.id;
    IF axis.control = 'toggle' AND (options > 2 OR options < 2 AND EXISTS (
        SELECT FROM families_memberoption WHERE axis_id = axis.id
    )) THEN
        RAISE EXCEPTION 'a toggle has two options'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'toggle_has_two_options';
    END IF;
    IF options > 0 AND axis.default_option_id IS NULL THEN
        RAISE EXCEPTION 'one of the options of an axis is its default'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'axis_has_a_default';
    END IF;
    RETURN NULL;
END
$$
"""
BE_WHOLE = """
CREATE CONSTRAINT TRIGGER axis_is_whole
AFTER {events} ON families_{table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION families_axis_is_whole('{axis}')
"""
WHOLE = (
    {"table": "axis", "events": "INSERT OR UPDATE", "axis": "id"},
    {"table": "option", "events": "INSERT OR DELETE", "axis": "axis_id"},
    {"table": "memberoption", "events": "INSERT", "axis": "axis_id"},
)

# --- default selections ------------------------------------------------------------------------------------
DEFAULT_IS_SFW = """
CREATE FUNCTION families_default_is_sfw() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written jsonb := to_jsonb(COALESCE(NEW, OLD));
    changed uuid[] := ARRAY[(written ->> 'family_id')::uuid];
BEGIN
    IF TG_TABLE_NAME = 'families_workflow' THEN
        changed := ARRAY(SELECT family_id FROM families_member WHERE workflow_id = NEW.id);
    END IF;
    PERFORM 1 FROM families_family family
    CROSS JOIN LATERAL (
        SELECT COALESCE(jsonb_object_agg(axis.key, option.value), '{}') AS selection
        FROM families_axis axis LEFT JOIN families_option option ON option.id = axis.default_option_id
        WHERE axis.family_id = family.id
    ) defaults
    JOIN families_member member ON member.family_id = family.id AND member.selection = defaults.selection
    JOIN families_workflow workflow ON workflow.id = member.workflow_id
    WHERE family.id = ANY (changed) AND workflow.rating = 'adult';
    IF FOUND THEN
        RAISE EXCEPTION 'the default selection of a family is not an adult one'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'default_selection_is_sfw';
    END IF;
    RETURN NULL;
END
$$
"""
STAY_SFW = """
CREATE CONSTRAINT TRIGGER default_selection_is_sfw
AFTER {events} ON families_{table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW {condition} EXECUTE FUNCTION families_default_is_sfw()
"""
SFW = (
    {"table": "axis", "events": "INSERT OR UPDATE OR DELETE", "condition": ""},
    {"table": "member", "events": "INSERT OR UPDATE", "condition": ""},
    {"table": "workflow", "events": "UPDATE", "condition": "WHEN (OLD.rating IS DISTINCT FROM NEW.rating)"},
)

CREATE = [
    NAME_IS_FIXED,
    *(KEEP_NAME.format(table=table, column=column) for table, column in NAMES.items()),
    TUPLE_SETS_EVERY_AXIS,
    BEGIN_FULL,
    STAY_FULL,
    AXIS_IS_WHOLE,
    *(BE_WHOLE.format(**trigger) for trigger in WHOLE),
    DEFAULT_IS_SFW,
    *(STAY_SFW.format(**trigger) for trigger in SFW),
]
FUNCTIONS = ("name_is_fixed", "tuple_sets_every_axis", "axis_is_whole", "default_is_sfw")


class Migration(migrations.Migration):
    dependencies = [("families", "0004_history")]

    operations = [
        migrations.RunSQL(CREATE, [f"DROP FUNCTION families_{name} CASCADE" for name in FUNCTIONS])
    ]
