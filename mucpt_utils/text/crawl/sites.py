"""Sites: where the documents of a crawl come from, and how far each can be trusted.

Most sites are reliable, some are not. A site has a size, a manner (registers that it prefers), a
share of junk and a share of fact sentences that it gets wrong; wrong sentences of a bad site are in
part rumours. Errors therefore come in clusters: a reader who can judge a site by what they know
can tell how far to believe the rest of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from mucpt_utils.config.text import REGISTERS, RenderSettings
from mucpt_utils.text.crawl.templates import flaw_wordings
from mucpt_utils.text.render.documents import document_rng

# declared choices, none measured: how sizes spread (log-normal), how strongly a site prefers some
# registers, how junk spreads about 1, and how tightly the shares of wrong facts (beta
# distributions) lie about their means
SIZE_SPREAD = 0.6
MANNER_SPREAD = 1.0
JUNK = (0.5, 1.5)
CONCENTRATION = 30.0


@dataclass(frozen=True)
class Site:
    """A site of the crawl.

    wrong: share of its fact sentences with a false object; rumours: share of these that tell the
    rumour; size: its weight among sites; junk: how it changes the rates of junk (1: not at all);
    manner: the weight of each register.
    """

    name: str
    reliable: bool
    wrong: float
    rumours: float
    size: float
    junk: float
    manner: Mapping[str, float]

    def rate(self, everywhere: float) -> float:
        """This site's rate of a kind of junk; 0 and 1 stay what they are."""
        return everywhere ** (1 / self.junk)


def draw_sites(settings: RenderSettings, seed: int) -> list[Site]:
    """The sites of a crawl, each from a generator of its own.

    The number of unreliable ones is the settings' share, rounded. They are chosen in a fixed order,
    so a larger share makes a superset unreliable.
    """
    order = document_rng(seed, "reliability of sites").sample(range(settings.sites), settings.sites)
    bad = set(order[: round(settings.bad_sites * settings.sites)])
    return [_draw_site(settings, number, number not in bad, seed) for number in order]


def _draw_site(settings: RenderSettings, number: int, reliable: bool, seed: int) -> Site:
    rng = document_rng(seed, "site", number)
    size, junk = exp(rng.gauss(0, SIZE_SPREAD)), rng.uniform(*JUNK)
    manner = {register: exp(rng.gauss(0, MANNER_SPREAD)) for register in REGISTERS}
    mean = settings.wrong_fact if reliable else settings.wrong_in_bad_sites
    wrong = mean  # a share of 0 or 1 holds for every such site
    if 0 < mean < 1:
        wrong = rng.betavariate(CONCENTRATION * mean, CONCENTRATION * (1 - mean))
    rumours = 0.0 if reliable else settings.rumours
    return Site(_name(number), reliable, wrong, rumours, size, junk, manner)


def _name(number: int) -> str:
    """A made-up name, always the same for one number and different for each."""
    names = flaw_wordings()["sites"]
    turn, index = divmod(number, len(names))
    stem, _, end = names[index].partition(".")
    return f"{stem}{turn + 1 if turn else ''}.{end}"


def site_of(document: Mapping, sites: Sequence[Site], seed: int) -> Site:
    """The site that published a document: drawn by size, and by how much it likes the register."""
    register = document["metadata"]["register"]
    weights = [site.size * site.manner.get(register, 1.0) for site in sites]
    return document_rng(seed, "site of", document["id"]).choices(sites, weights)[0]
