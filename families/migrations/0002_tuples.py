"""What Django's fields cannot say: who belongs together, and that a member's tuple is spelled correctly."""

from django.db import migrations

ADD_FOREIGN_KEYS = """
ALTER TABLE families_axis
    ADD CONSTRAINT default_option_on_axis
    FOREIGN KEY (id, default_option_id) REFERENCES families_option (axis_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE families_memberoption
    ADD CONSTRAINT member_option_on_axis
    FOREIGN KEY (axis_id, option_id) REFERENCES families_option (axis_id, id)
    DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT member_axis_in_family
    FOREIGN KEY (family_id, axis_id) REFERENCES families_axis (family_id, id)
    DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT member_option_in_family
    FOREIGN KEY (family_id, member_id) REFERENCES families_member (family_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP_FOREIGN_KEYS = """
ALTER TABLE families_memberoption
    DROP CONSTRAINT member_option_in_family,
    DROP CONSTRAINT member_axis_in_family,
    DROP CONSTRAINT member_option_on_axis;
ALTER TABLE families_axis DROP CONSTRAINT default_option_on_axis;
"""

# At commit, a member's selection must spell exactly the options its rows name: the uniqueness of tuples
# rests on the selection, the protection of axes and options on the rows.
CREATE_FUNCTION = """
CREATE FUNCTION families_tuple_is_spelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM families_member member
    WHERE member.id = (to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0])::uuid
    AND member.selection IS DISTINCT FROM (
        SELECT COALESCE(jsonb_object_agg(axis.key, option.value), '{}')
        FROM families_memberoption used
        JOIN families_axis axis ON axis.id = used.axis_id
        JOIN families_option option ON option.id = used.option_id
        WHERE used.member_id = member.id
    );
    IF FOUND THEN
        RAISE EXCEPTION 'the selection of a member differs from its options'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'member_tuple_is_spelled';
    END IF;
    RETURN NULL;
END
$$
"""
CREATE_MEMBER_TRIGGER = """
CREATE CONSTRAINT TRIGGER member_tuple_is_spelled
AFTER INSERT OR UPDATE ON families_member DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION families_tuple_is_spelled('id')
"""
CREATE_OPTION_TRIGGER = """
CREATE CONSTRAINT TRIGGER member_tuple_is_spelled
AFTER INSERT OR UPDATE OR DELETE ON families_memberoption DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION families_tuple_is_spelled('member_id')
"""


class Migration(migrations.Migration):
    dependencies = [("families", "0001_initial")]

    operations = [
        migrations.RunSQL(ADD_FOREIGN_KEYS, DROP_FOREIGN_KEYS),
        migrations.RunSQL(
            [CREATE_FUNCTION, CREATE_MEMBER_TRIGGER, CREATE_OPTION_TRIGGER],
            [
                "DROP TRIGGER member_tuple_is_spelled ON families_memberoption",
                "DROP TRIGGER member_tuple_is_spelled ON families_member",
                "DROP FUNCTION families_tuple_is_spelled",
            ],
        ),
    ]
