"""TensorBoard's server, with two answers of our own; ``gan-lab board`` runs this module.

The bare address leads to the view that tells most, as it is at that moment: TensorBoard reads pinned cards
from its address alone, and an address that holds them is too long to be typed. And HPARAMS, whose columns
TensorBoard orders by the alphabet, begins with what a run is and with the numbers that tell most.
"""

import json
import sys
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tensorboard import program
from tensorboard.plugins import base_plugin
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from gan_lab.config.errors import UserError
from gan_lab.tags.names import final_tag
from gan_lab.tags.table import TABLE
from gan_lab.tracking.board import OPEN, pinned_view

SETTINGS_FIRST = ("objective", "constraint", "architecture", "dataset", "seed")
"""Columns of HPARAMS that say what a run is."""

NUMBERS_FIRST = tuple(final for tag in TABLE if (final := final_tag(tag.name)) is not None)
"""Columns of HPARAMS that say how it ended, the most telling first."""

_HPARAMS = "/data/plugin/hparams/experiment"


def with_own_answers(app: WSGIApplication, root: Path, prefix: str = "") -> WSGIApplication:
    """Return TensorBoard's application with a bare address that redirects, and HPARAMS in reading order.

    Args:
        app: TensorBoard's.
        root: the folder that it reads.
        prefix: of all its paths, without a slash at the end.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").removeprefix(prefix)
        if path in ("", "/") and not environ.get("QUERY_STRING"):
            try:
                view: WSGIApplication = redirect(f"{prefix}/{pinned_view(root)}")
            except (UserError, OSError):  # the folder is gone: TensorBoard says so itself
                view = app
            return view(environ, start_response)
        if path == _HPARAMS:
            plain = {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
            return _in_reading_order(Response.from_app(app, plain))(environ, start_response)
        return app(environ, start_response)

    return answer


def _in_reading_order(response: Response) -> Response:
    """Return HPARAMS' description of its columns with those that tell most first, the others as they were."""
    if response.status_code != 200:
        return response
    experiment: dict[str, Any] = json.loads(response.get_data())
    for key, first in (("hparamInfos", SETTINGS_FIRST), ("metricInfos", NUMBERS_FIRST)):
        places = {name: place for place, name in enumerate(first)}
        infos = experiment.get(key, [])
        experiment[key] = sorted(infos, key=lambda info: places.get(_name_of(info), len(first)))
    for info in experiment.get("hparamInfos", []):
        if info.get("name") in SETTINGS_FIRST:
            info["differs"] = True  # the page shows the first five of those that do, whatever their order
    response.set_data(json.dumps(experiment))
    return response


def _name_of(info: dict[str, Any]) -> str:
    """Return the name of a setting, or the tag of a number, whose name has a group, too."""
    name = info["name"]
    return str(name["tag"] if isinstance(name, dict) else name)


class BoardServer(program.WerkzeugServer):  # type: ignore[misc]
    """TensorBoard's own server on an application of ours.

    Args:
        wsgi_app: TensorBoard's application.
        flags: of its command line.
    """

    opens = False
    """Whether a browser is shown the address once the port is there."""

    def __init__(self, wsgi_app: WSGIApplication, flags: Any) -> None:
        own = with_own_answers(wsgi_app, Path(flags.logdir), flags.path_prefix.rstrip("/"))
        super().__init__(own, flags)

    def serve_forever(self) -> None:
        """Serve until the process ends."""
        if self.opens:
            webbrowser.open(self.get_url())
        super().serve_forever()


def main() -> None:
    """Run TensorBoard's command line with this server."""
    # absl takes the process's log and stderr as it is imported, which this process alone may lose
    from absl import app as absl_app
    from tensorboard import main_lib

    main_lib.global_init()
    BoardServer.opens = OPEN in sys.argv
    arguments = [argument for argument in sys.argv if argument != OPEN]
    tensorboard = program.TensorBoard(server_class=program.with_port_scanning(BoardServer))
    try:
        absl_app.run(tensorboard.main, argv=arguments, flags_parser=tensorboard.configure)
    except base_plugin.FlagsError as error:
        sys.exit(f"gan-lab: {error}")


if __name__ == "__main__":
    main()
