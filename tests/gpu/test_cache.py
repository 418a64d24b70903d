"""The model cache, on tiny linear layers: what stays, what leaves, what is refused."""

import threading
import time

import pytest
import torch

from gpu.cache import ModelCache
from gpu.errors import OutOfMemory
from gpu.memory import tensor_bytes

KILO = 1024


def layer(kilobytes):
    return torch.nn.Linear(256, kilobytes, bias=False)  # 256 float32 numbers are a kilobyte


def loader(kilobytes, log=None):
    def load(reserve):
        reserve(kilobytes * KILO)
        if log is not None:
            log.append(kilobytes)
        return layer(kilobytes)

    return load


@pytest.fixture
def cache():
    return ModelCache(10 * KILO, measure=tensor_bytes)


def use(cache, key, kilobytes):
    with cache.use(key, loader(kilobytes)) as value:
        return value


def test_the_second_use_is_the_same_model_without_loading(cache):
    first, second = use(cache, "a", 4), use(cache, "a", 4)
    assert first is second
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.bytes, stats.keys) == (1, 1, 4 * KILO, ["a"])


def test_the_least_recently_used_model_leaves_first(cache):
    use(cache, "a", 4)
    use(cache, "b", 4)
    use(cache, "a", 4)
    use(cache, "c", 4)
    assert cache.stats().keys == ["a", "c"]
    assert cache.stats().evictions == 1


def test_room_is_made_before_loading_not_after(cache):
    use(cache, "a", 8)

    def load(reserve):
        reserve(8 * KILO)
        assert cache.stats().keys == []
        return layer(8)

    with cache.use("b", load):
        pass


def test_a_model_in_use_never_leaves(cache):
    with cache.use("a", loader(6)) as held:
        with pytest.raises(OutOfMemory, match="budget"):
            use(cache, "b", 6)
        assert use(cache, "a", 6) is held
    assert use(cache, "b", 6) is not held


def test_a_model_used_twice_at_once_stays_until_both_are_done(cache):
    with cache.use("a", loader(6)):
        with cache.use("a", loader(6)):
            pass
        with pytest.raises(OutOfMemory):
            use(cache, "b", 6)


def test_what_was_measured_counts_not_what_was_announced(cache):
    use(cache, "a", 4)

    def modest(reserve):
        reserve(1)
        return layer(8)

    with cache.use("b", modest):
        pass
    assert cache.stats().keys == ["b"]
    assert cache.stats().bytes == 8 * KILO


def test_a_model_that_turns_out_too_large_is_not_kept(cache):
    with pytest.raises(OutOfMemory), cache.use("a", lambda reserve: layer(11)):
        pass
    assert cache.stats().keys == []


def test_a_model_that_is_announced_too_large_is_not_loaded(cache):
    log = []
    with pytest.raises(OutOfMemory), cache.use("a", loader(11, log)):
        pass
    assert log == []


def test_a_failed_load_leaves_nothing_and_can_be_tried_again(cache):
    def broken(reserve):
        reserve(KILO)
        raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file"), cache.use("a", broken):
        pass
    assert cache.stats().keys == []
    assert use(cache, "a", 4) is not None


def test_a_failing_user_does_not_keep_the_model_pinned(cache):
    with pytest.raises(RuntimeError), cache.use("a", loader(6)):
        raise RuntimeError("while drawing")
    use(cache, "b", 6)
    assert cache.stats().keys == ["b"]


def test_models_leave_when_the_device_itself_is_full():
    free = iter([1 * KILO, 9 * KILO, 9 * KILO])
    cache = ModelCache(100 * KILO, measure=lambda modules: 0, free=lambda: next(free, 9 * KILO))
    with cache.use("a", lambda reserve: layer(1)):
        pass
    with cache.use("b", loader(4)):
        pass
    assert cache.stats().keys == ["b"]


def test_shared_tensors_are_measured_once():
    shared = layer(4)
    assert tensor_bytes([shared, torch.nn.Sequential(shared, layer(2))]) == 6 * KILO


def test_clearing_spares_what_is_in_use(cache):
    use(cache, "a", 2)
    with cache.use("b", loader(2)):
        cache.clear()
        assert cache.stats().keys == ["b"]


def waited_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_fetched_ahead_is_there_without_loading(cache):
    log = []
    cache.prefetch("a", loader(4, log))
    waited_for(lambda: cache.stats().keys == ["a"])
    with cache.use("a", loader(4, log)):
        pass
    assert log == [4]
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


def test_who_wants_what_is_being_fetched_waits_for_it(cache):
    begun, go_on, log = threading.Event(), threading.Event(), []

    def slowly(reserve):
        begun.set()
        assert go_on.wait(20)
        return loader(4, log)(reserve)

    cache.prefetch("a", slowly)
    assert begun.wait(20)
    threading.Timer(0.1, go_on.set).start()
    with cache.use("a", loader(4, log)):
        assert log == [4]


def test_a_resident_model_is_used_while_another_is_fetched(cache):
    use(cache, "a", 4)
    go_on = threading.Event()
    cache.prefetch("b", lambda reserve: go_on.wait(20) and loader(4)(reserve))
    with cache.use("a", loader(4)):
        go_on.set()
    waited_for(lambda: cache.stats().keys == ["a", "b"])


def test_fetching_ahead_never_takes_the_place_of_what_is_in_use(cache):
    log = []
    with cache.use("a", loader(6)):
        cache.prefetch("b", loader(6, log))
        waited_for(lambda: not cache._ahead)
        assert (cache.stats().keys, log) == (["a"], [])
    use(cache, "b", 6)
    assert cache.stats().keys == ["b"]


def test_fetching_ahead_spares_what_is_needed_sooner(cache):
    for key in "abc":
        use(cache, key, 3)
    cache.prefetch("d", loader(3), spare={"a", "c"})
    waited_for(lambda: cache.holds("d"))
    assert cache.stats().keys == ["a", "c", "d"]
    log = []
    cache.prefetch("e", loader(3, log), spare={"a", "c", "d"})
    waited_for(lambda: not cache._ahead)
    assert (cache.stats().keys, log) == (["a", "c", "d"], [])


def test_a_broken_model_is_an_error_for_who_uses_it_not_for_who_fetches_it(cache):
    def broken(reserve):
        raise ValueError("no such file")

    cache.prefetch("a", broken)
    with pytest.raises(ValueError, match="no such file"):
        use_with(cache, "a", broken)
    assert use(cache, "a", 4) is not None


def use_with(cache, key, load):
    with cache.use(key, load) as value:
        return value


def test_what_models_share_counts_once_and_stays_for_the_other(cache):
    shared = layer(6)
    both = [torch.nn.Sequential(shared, layer(1)), torch.nn.Sequential(shared, layer(2))]
    for key, model in zip("ab", both, strict=True):
        use_with(cache, key, lambda reserve, model=model: model)
    assert cache.stats().bytes == 9 * KILO
    use(cache, "c", 2)
    assert cache.stats().keys == ["b", "c"]
    assert cache.stats().bytes == 10 * KILO
