"""The program, whose leases last shorter, and which waits less for its store: scaled.py TTL HEARTBEAT ARGUMENT...

SCALED_CLOCK: OFFSET RATE, seconds by which its clock is wrong, and how many times too fast it runs since.
"""

from __future__ import annotations

import os
import sys
import time

from bluegreen.adapters import cloud_storage
from bluegreen.adapters.state.lease import BucketLock
from bluegreen.cli.main import main


def run_wrong(offset: float, rate: float) -> None:
    """Have the clock of this process be wrong. What never steps, and is used for waiting, is right all the same."""
    right, began = time.time, time.time()
    time.time = lambda: began + offset + (right() - began) * rate


if __name__ == "__main__":
    run_wrong(*map(float, os.environ.get("SCALED_CLOCK", "0 1").split()))
    BucketLock.__init__.__kwdefaults__.update(ttl=float(sys.argv[1]), heartbeat=float(sys.argv[2]))
    cloud_storage.TIMEOUT, cloud_storage.PATIENCE = 1.0, float(sys.argv[1]) / 2
    sys.argv[1:3] = []
    main()
