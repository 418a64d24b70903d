from api.stack.logs import LogFile, followed


def test_new_lines_come_behind_their_programs_name_and_old_ones_do_not(tmp_path):
    (tmp_path / "web.log").write_text("yesterday\n")
    written = []

    with followed(tmp_path, ["web", "postgres"], written.append):
        with (tmp_path / "web.log").open("a") as log:
            log.write("GET /\n")
        (tmp_path / "postgres.log").write_text("ready\n")

    assert written == ["web      | GET /", "postgres | ready"]


def test_a_line_is_passed_on_when_it_is_complete(tmp_path):
    path = tmp_path / "web.log"
    path.touch()
    file = LogFile(path)
    with path.open("a", buffering=1) as log:
        log.write("half ")
        log.flush()
        assert list(file.lines()) == []
        log.write("a line\n")
        assert list(file.lines()) == ["half a line"]
    file.close()


def test_rotation_loses_nothing(tmp_path):
    path = tmp_path / "web.log"
    path.touch()
    file = LogFile(path)
    path.write_text("before\n")
    path.rename(tmp_path / "web.log.1")
    path.write_text("after\n")

    assert list(file.lines()) == ["before", "after"]
    file.close()
