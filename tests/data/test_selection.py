import pytest

from srgan_lib.data.selection import evenly_spaced


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(0, []), (1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (99, list(range(10)))],
)
def test_from_the_first_to_the_last(count, chosen):
    assert evenly_spaced(range(10), count) == chosen


def test_none_is_chosen_twice():
    for many in range(1, 60):
        for count in range(1, many + 1):
            assert len(set(evenly_spaced(range(many), count))) == count


def test_of_nothing_nothing():
    assert evenly_spaced([], 3) == []
