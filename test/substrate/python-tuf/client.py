"""Says whether python-tuf trusts a repository: reads lines `DIRECTORY TIME`, answers each with accept or refuse and why."""

import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType


def follow(directory: Path, now: datetime) -> None:
    def file(name: str) -> bytes:
        return (directory / quote(name, safe="")).read_bytes()

    trusted = TrustedMetadataSet(file("1.root.json"), EnvelopeType.METADATA)
    trusted.reference_time = now
    version = 2
    while (directory / f"{version}.root.json").exists():
        trusted.update_root(file(f"{version}.root.json"))
        version += 1
    trusted.update_timestamp(file("timestamp.json"))
    version = trusted.timestamp.snapshot_meta.version
    trusted.update_snapshot(file(f"{version}.snapshot.json"))
    pending, seen = [("targets", "root")], set()
    while pending:
        role, delegator = pending.pop(0)
        if (role, delegator) in seen:
            continue
        seen.add((role, delegator))
        version = trusted.snapshot.meta[f"{role}.json"].version
        targets = trusted.update_delegated_targets(file(f"{version}.{role}.json"), role, delegator)
        if targets.delegations is None:
            continue
        if targets.delegations.roles is not None:
            pending += [(name, role) for name in targets.delegations.roles]
        if targets.delegations.succinct_roles is not None:
            pending += [(name, role) for name in targets.delegations.succinct_roles.get_roles()]


for line in sys.stdin:
    directory, time = line.rstrip("\n").rsplit(" ", 1)
    try:
        follow(Path(directory), datetime.fromisoformat(time))
        print("accept", flush=True)
    except Exception as error:  # whatever it is, the client does not trust the repository
        print("refuse", type(error).__name__, str(error).replace("\n", " ")[:200], flush=True)
