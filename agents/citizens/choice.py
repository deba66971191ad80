"""Discrete choice: multinomial and nested logit on plain arrays, one keyed uniform draw per choice.

Source: McFadden 1974; Train 2009, *Discrete Choice Methods with Simulation*, chapters 3 and 4. An alternative of
utility -inf is not available. Choosing by the cumulative probability from one uniform draw keeps choices paired: a
small change of utility changes few choices.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def logit(utility, probability):  # type: ignore[no-untyped-def]
    """Multinomial logit of one chooser: fills `probability` (alternatives,) and returns the logsum.

    P_i = exp(V_i) / sum_j exp(V_j). With nothing available, all are 0 and the logsum is -inf.
    """
    top = -np.inf
    for v in utility:
        top = max(top, v)
    total = 0.0
    if top == -np.inf:
        probability[:] = 0.0
        return -np.inf
    for i in range(len(utility)):
        probability[i] = math.exp(utility[i] - top)
        total += probability[i]
    for i in range(len(utility)):
        probability[i] /= total
    return top + math.log(total)


@njit(cache=True)
def nested_logit(utility, nest, scale, probability):  # type: ignore[no-untyped-def]
    """Nested logit of one chooser: fills `probability` (alternatives,) and returns the logsum.

    nest  : nest of each alternative, int64, shape (alternatives,)
    scale : dissimilarity lambda of each nest, 0 < lambda <= 1, shape (nests,)

    P_i = P_nest P_(i|nest), with I_n = ln sum_(j in n) exp(V_j / lambda_n) and P_nest = exp(lambda_n I_n) / sum. Where
    every alternative is a nest of its own, the result is `logit`'s to the bit.
    """
    return _nested(utility, nest, scale, probability, np.empty((4, len(scale))))


@njit(cache=True)
def _nested(utility, nest, scale, probability, work):  # type: ignore[no-untyped-def]
    """`nested_logit` with room to work in, (4, nests)."""
    top, held, inclusive, between = work[0], work[1], work[2], work[3]
    for n in range(len(scale)):
        top[n], held[n], inclusive[n] = -np.inf, 0.0, -np.inf
    for i in range(len(utility)):
        top[nest[i]] = max(top[nest[i]], utility[i] / scale[nest[i]])
    for i in range(len(utility)):
        n = nest[i]
        probability[i] = 0.0
        if utility[i] > -np.inf:
            probability[i] = math.exp(utility[i] / scale[n] - top[n])
            held[n] += probability[i]
    for n in range(len(scale)):
        if held[n] > 0.0:
            inclusive[n] = scale[n] * (top[n] + math.log(held[n]))
    logsum = logit(inclusive, between)
    for i in range(len(utility)):
        if probability[i] > 0.0:
            probability[i] *= between[nest[i]] / held[nest[i]]
    return logsum


@njit(cache=True)
def pick(probability, draw):  # type: ignore[no-untyped-def]
    """The alternative at `draw` in [0, 1) of the cumulative probability; -1 when none is available."""
    total, last = 0.0, -1
    for i in range(len(probability)):
        if probability[i] > 0.0:
            total += probability[i]
            last = i
            if draw < total:
                return i
    return last


@njit(cache=True)
def choose(utility, nest, scale, draw, chosen):  # type: ignore[no-untyped-def]
    """Nested logit of many: `utility` (choosers, alternatives) and uniform `draw` (choosers,) fill `chosen`.

    nest, scale : as in `nested_logit`; multinomial where every alternative has a nest of its own
    """
    probability, work = np.empty(utility.shape[1]), np.empty((4, len(scale)))
    for i in range(len(utility)):
        _nested(utility[i], nest, scale, probability, work)
        chosen[i] = pick(probability, draw[i])
