"""Where the journals and the lock of one environment are kept: in a folder, or in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.adapters.state.lease import BucketLock
from bluegreen.adapters.state.lock import LocalLock
from bluegreen.adapters.state.objects import Objects
from bluegreen.errors import ConfigError
from bluegreen.ports import Lock, Store

AUTO = "auto"
BUCKETS = "gs://"


@dataclass(frozen=True, slots=True)
class Keeping:
    """folder: on this machine. objects: of the bucket, None for the folder. where: of the bucket, for errors."""

    folder: Path
    objects: Objects | None = None
    where: str = ""

    def open(self) -> tuple[Store, Lock]:
        """Return store and lock for one run, which belong together: who has lost the lock writes no journal."""
        if self.objects is None:
            return LocalStore(self.folder), LocalLock(self.folder)
        lock = BucketLock(self.objects, self.where)
        return BucketStore(self.objects, self.where, fence=lock.check), lock

    def bring_home(self) -> None:
        """Put into the bucket what this machine has kept of runs while the bucket could not be reached."""
        if self.objects is None:
            return
        kept, local = BucketStore(self.objects, self.where), LocalStore(self.folder)
        for run in reversed(local.runs()):
            if local.is_over(run):
                kept.take_in(run, local.content(run))
                local.forget(run)


def keeping(store: str, folder: Path, service: str, environment: str, *, hurried: bool = False) -> Keeping:
    """Return where an environment is kept. store: as configured. Nothing is asked of a bucket yet.

    hurried: wait 2 s for an answer of the bucket, and ask once.
    """
    if not store.startswith(BUCKETS):
        return Keeping(folder)
    from bluegreen.adapters.cloud_storage import CloudStorage

    bucket, _, prefix = store.removeprefix(BUCKETS).partition("/")
    below = "/".join(filter(None, (prefix, service, environment)))
    objects = CloudStorage(bucket, f"{below}/", hurried=hurried)
    return Keeping(folder, objects, f"{BUCKETS}{bucket}/{below}")


def refuse_unkept(store: str, variables: Mapping[str, str]) -> None:
    """Raise ConfigError in CI when nobody has said where journals are kept: a runner's folder is thrown away.

    variables: the environment's; `CI` is set by GitHub Actions and most others.
    """
    if store == AUTO and variables.get("CI"):
        raise ConfigError(
            "nothing says where journals and the lock are kept, and this runner's folder is thrown away",
            where="bluegreen.yaml",
            hint="store: gs://BUCKET/FOLDER under defaults, or store: local if the folder stays",
        )
