"""`python -m dramatis_engines.clickhouse --folder FOLDER --port PORT`: serve until SIGTERM or SIGINT."""

import argparse
import os
import signal
import threading
from pathlib import Path

from dramatis_engines.clickhouse.configuration import write_configuration
from dramatis_engines.clickhouse.engine import Engine
from dramatis_engines.clickhouse.server import Endpoint


def main() -> None:
    parser = argparse.ArgumentParser(prog="dramatis_engines.clickhouse")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options.folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(options.folder, write_configuration(options.folder))
    endpoint = Endpoint(options.port, engine)
    threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    stop.wait()
    endpoint.shutdown()
    endpoint.server_close()
    engine.close()
    os._exit(0)  # connections that clients keep open have threads; nothing is left to be written


if __name__ == "__main__":
    main()
