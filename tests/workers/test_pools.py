import pytest

from tests.stack import ROOT
from workers import pools
from workers.checks import WAITING
from workers.pools import PoolsFileError, load_pools


def written(tmp_path, text):
    path = tmp_path / "pools.toml"
    path.write_text(text)
    return path


def test_a_pool_is_bound_to_its_device_by_its_environment(tmp_path):
    path = written(
        tmp_path,
        '[[pool]]\nname = "a"\ndevice = "cuda:1"\nqueues = ["generation"]\nmemory_gib = 10\n',
    )
    (pool,) = load_pools(path)
    environment = pool.environment()
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment["ATELIER_DEVICE"] == "cuda:1"
    assert environment["ATELIER_MEMORY_GIB"] == "10.0"
    assert "--concurrency" in pool.command() and "a@%h" in pool.command()


@pytest.mark.parametrize(
    ("found", "names"), [(["cpu"], ["gpu"]), (["cuda:0"], ["gpu"]), (["cuda:0", "cuda:1"], ["gpu0", "gpu1"])]
)
def test_auto_is_one_pool_per_device(tmp_path, monkeypatch, found, names):
    monkeypatch.setattr(pools.devices, "detect", lambda: found)
    path = written(tmp_path, '[[pool]]\nname = "gpu"\ndevice = "auto"\nqueues = ["generation"]\n')
    assert [(pool.name, pool.device) for pool in load_pools(path)] == list(zip(names, found, strict=True))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no"),
        ("[[pool]\n", "not TOML"),
        ('[[pool]]\nname = "a"\ndevice = "tpu"\nqueues = ["generation"]\n', "device"),
        ('[[pool]]\nname = "a"\ndevice = "cpu"\nqueues = []\n', "queues"),
        ('[[pool]]\nname = "a"\ndevice = "cpu"\nqueues = ["q"]\nspeed = 1\n', "speed"),
        ('[[pool]]\nname = "a"\ndevice = "cpu"\nqueues = ["q"]\n' * 2, "twice"),
    ],
)
def test_a_bad_file_says_where(tmp_path, text, complaint):
    with pytest.raises(PoolsFileError, match=complaint):
        load_pools(written(tmp_path, text))


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(PoolsFileError, match="cannot be read"):
        load_pools(tmp_path / "none.toml")


def test_what_waits_for_other_servers_holds_up_nothing_else():
    served = {pool.name: set(pool.queues) for pool in load_pools(ROOT / "pools.toml")}
    mixed = {name for name, queues in served.items() if queues & WAITING and queues - WAITING}
    assert not mixed and set().union(*served.values()) >= WAITING


def test_a_pool_that_waits_does_so_in_threads_and_one_that_computes_in_a_child(tmp_path):
    both = """
[[pool]]
name = "waits"
device = "network"
queues = ["webhooks"]
concurrency = 16

[[pool]]
name = "computes"
device = "none"
queues = ["image_adjust"]
concurrency = 2
"""
    pools = load_pools(written(tmp_path, both))
    assert [pool.environment()["ATELIER_CONCURRENCY"] for pool in pools] == ["16", "2"], "it reports so"
    waits, computes = (pool.command() for pool in pools)
    assert waits[waits.index("--pool") + 1] == "threads" and waits[waits.index("--concurrency") + 1] == "16"
    assert computes[computes.index("--pool") + 1] == "prefork"
