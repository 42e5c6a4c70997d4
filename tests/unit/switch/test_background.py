from __future__ import annotations

import pytest

from bluegreen.adapters.fakes.clock import FakeClock
from bluegreen.switch.background import interruptibly


def test_a_time_out_of_the_work_itself_is_its_result() -> None:
    def work() -> None:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        interruptibly("work", work, FakeClock())
