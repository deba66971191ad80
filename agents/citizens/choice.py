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

    P_i = P_nest P_(i|nest), with I_n = ln sum_(j in n) exp(V_j / lambda_n) and P_nest = exp(lambda_n I_n) / sum.
    """
    nests = len(scale)
    inclusive = np.full(nests, -np.inf)
    top = np.full(nests, -np.inf)
    for i in range(len(utility)):
        top[nest[i]] = max(top[nest[i]], utility[i] / scale[nest[i]])
    held = np.zeros(nests)
    for i in range(len(utility)):
        n = nest[i]
        probability[i] = 0.0
        if utility[i] > -np.inf:
            probability[i] = math.exp(utility[i] / scale[n] - top[n])
            held[n] += probability[i]
    for n in range(nests):
        if held[n] > 0.0:
            inclusive[n] = scale[n] * (top[n] + math.log(held[n]))
    between = np.zeros(nests)
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
def choose(utility, draw, chosen):  # type: ignore[no-untyped-def]
    """Multinomial logit of many: `utility` (choosers, alternatives) and uniform `draw` (choosers,) fill `chosen`."""
    probability = np.empty(utility.shape[1])
    for i in range(len(utility)):
        logit(utility[i], probability)
        chosen[i] = pick(probability, draw[i])


@njit(cache=True)
def choose_nested(utility, nest, scale, draw, chosen):  # type: ignore[no-untyped-def]
    """Nested logit of many; see `nested_logit` and `choose`."""
    probability = np.empty(utility.shape[1])
    for i in range(len(utility)):
        nested_logit(utility[i], nest, scale, probability)
        chosen[i] = pick(probability, draw[i])
