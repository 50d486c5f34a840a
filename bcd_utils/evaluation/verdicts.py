"""What an interval says of a claim: supported, refuted or inconclusive; what was not measured is not tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_TESTED = "supported", "refuted", "inconclusive", "not tested"


def above(bounds: Mapping[str, float | None], border: float = 0.0) -> str:
    """The verdict on the claim that something lies above a border.

    Parameters
    ----------
    bounds : mapping
        ``low`` and ``high``; None or NaN where unknown.
    border : float

    Returns
    -------
    {"supported", "refuted", "inconclusive"}
        Whether the whole interval lies above, the whole below, or it holds the border or is not known.

    Examples
    --------
    >>> [above({"low": low, "high": low + 0.2}) for low in (0.1, -0.1, -0.3)]
    ['supported', 'inconclusive', 'refuted']
    """
    low, high = bounds["low"], bounds["high"]
    if low is not None and low > border:
        return SUPPORTED
    return REFUTED if high is not None and high < border else INCONCLUSIVE


def below(bounds: Mapping[str, float | None], border: float) -> str:
    """The verdict on the claim that something lies below a border; see `above`."""
    other = {SUPPORTED: REFUTED, REFUTED: SUPPORTED, INCONCLUSIVE: INCONCLUSIVE}
    return other[above(bounds, border)]


def all_hold(verdicts: Iterable[str]) -> str:
    """The verdict on several claims at once: one that is refuted refutes them.

    Examples
    --------
    >>> all_hold(["supported", "inconclusive"]), all_hold(["inconclusive", "refuted"])
    ('inconclusive', 'refuted')
    """
    found = set(verdicts)
    return REFUTED if REFUTED in found else SUPPORTED if found == {SUPPORTED} else INCONCLUSIVE


def one_holds(verdicts: Iterable[str]) -> str:
    """The verdict on the claim that at least one of several holds.

    Examples
    --------
    >>> one_holds(["supported", "refuted"]), one_holds(["refuted", "refuted"])
    ('supported', 'refuted')
    """
    found = set(verdicts)
    return SUPPORTED if SUPPORTED in found else REFUTED if found == {REFUTED} else INCONCLUSIVE


def claim_record(claim: str, verdict: str, criterion: str, evidence: str, settles: bool) -> dict[str, str]:
    """What a record says of a claim of the paper.

    Parameters
    ----------
    verdict : str
        Of this run's network.
    settles : bool
        Whether the claim is about that network and these images; else the claim itself is not tested.

    Examples
    --------
    >>> claim_record("It helps", "supported", "it is more", "+2", settles=False)["verdict"]
    'not tested'
    """
    return {
        "claim": claim,
        "verdict": verdict if settles else NOT_TESTED,
        "this run's network": verdict,
        "supported if": criterion,
        "evidence": evidence,
    }
