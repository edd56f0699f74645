"""How fast it is, on this machine, beside others: writes docs/performance.md, .json and .png.

    python -m bench.performance

Takes some fifteen minutes, and wants the machine for itself. Peers are installed into environments
of their own; the photos for the network's IoU are found as in `bench.photos`.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import network_speed, pictures
from bench.performance_page import page
from bench.quality import current_commit
from pipeline.errors import LivematteError
from stream.benchmark.chart import write_chart
from stream.benchmark.peers import measure_peers
from stream.benchmark.suite import Suite, measure

_DOCS = Path(__file__).parents[1] / "docs" / "performance"
_ROUNDS, _PHOTOS = 15, 200
_FRAMES = 120
"""Of a clip: filling the pipeline and emptying the encoder weigh some per cent of its time."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Two sizes, few frames.")] = False,
    peers: Annotated[bool, typer.Option(help="Also the peers.")] = True,
    out: Annotated[Path, typer.Option(help="Without suffix.", show_default=False)] = _DOCS,
) -> None:
    """Measure everything, and write the page, the figures and the chart."""
    suite = Suite(("360p", "720p"), ("auto",), frames=24) if quick else Suite(frames=_FRAMES)
    try:
        report = _measure(suite, quick, peers)
    except LivematteError as error:
        _say(str(error))
        raise typer.Exit(1) from error
    write(report, out)
    _say(f"{out.name}.md, .json and .png are written")


def _measure(suite: Suite, quick: bool, peers: bool) -> dict[str, Any]:
    flags = [flag for flag, given in {"--quick": quick, "--no-peers": not peers}.items() if given]
    report = {
        "command": " ".join(["python -m bench.performance", *flags]),
        "commit": current_commit(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        **measure(suite, _say),
        "network": network_speed.measure(_ROUNDS, 8 if quick else _PHOTOS, _say),
        "pictures": pictures.measure(_say),
    }
    if peers:
        report["peers"] = measure_peers(suite, _say)
    return report


def write(report: dict[str, Any], out: Path) -> None:
    """`OUT.md`, `OUT.json` and `OUT.png`."""
    text = json.dumps(report, indent=1, ensure_ascii=False)
    out.with_name(f"{out.name}.json").write_text(text + "\n", encoding="utf-8")
    write_chart(report, out.with_name(f"{out.name}.png"))
    out.with_name(f"{out.name}.md").write_text(page(report, out.name), encoding="utf-8")


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    typer.run(main)
