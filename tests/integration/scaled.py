"""The program, whose leases last shorter: scaled.py TTL HEARTBEAT ARGUMENT..."""

from __future__ import annotations

import sys

from bluegreen.adapters.state.lease import BucketLock
from bluegreen.cli.main import main

if __name__ == "__main__":
    BucketLock.__init__.__kwdefaults__.update(ttl=float(sys.argv[1]), heartbeat=float(sys.argv[2]))
    sys.argv[1:3] = []
    main()
