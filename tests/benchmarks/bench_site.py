"""Weight of the site, and the time until a reader sees its first figure.

    python tests/benchmarks/bench_site.py [SITE] [--slow N]

SITE: the folder of a built site; built from the committed `laptop` results unless given. The time
is that of the browser's own first paint with a figure in it, from a disk, median of five starts;
`--slow` makes the processor N times slower, as that of a phone.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from mucpt_utils import paths
from mucpt_utils.site import build

STARTS = 5
# milliseconds from the start of the page to its first figure that has a size
FIRST_FIGURE = """() => new Promise(done => {
  const look = () => {
    const figure = [...document.querySelectorAll("figure svg")].find(one => one.clientWidth);
    figure ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 5);
  };
  look();
})"""
PAGES = ("index", "explore", "weights", "profiles")


def weights(site: Path) -> dict[str, int]:
    """Bytes of each part of the site, the largest first."""
    sizes: dict[str, int] = {}
    for path in site.rglob("*"):
        if path.is_file():
            part = path.relative_to(site).parts[0]
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))


def first_figure(browser, page_file: Path, size: tuple[int, int], slow: float) -> float:
    """Median milliseconds until the first figure of a page stands there."""
    times = []
    for _ in range(STARTS):
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slow})
        page.goto(page_file.as_uri(), wait_until="commit")
        times.append(page.evaluate(FIRST_FIGURE))
        page.close()
    return statistics.median(times)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path)
    parser.add_argument("--slow", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        laptop = paths.committed("laptop")
        site = options.site or build.write_site(laptop, Path(scratch) / "site")
        for part, size in weights(site).items():
            print(f"{part:24} {size / 1e3:9.0f} kB")
        browser_path = shutil.which("chromium")
        if browser_path is None:
            sys.exit("no Chromium (apt-get install chromium): times not measured")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
            )
            for name in PAGES:
                for size in ((1280, 900), (390, 900)):
                    milliseconds = first_figure(browser, site / f"{name}.html", size, options.slow)
                    print(f"{name} at {size[0]}: first figure after {milliseconds:.0f} ms")
            browser.close()


if __name__ == "__main__":
    main()
