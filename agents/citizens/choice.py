"""Discrete choice: multinomial and nested logit on plain arrays.

McFadden (1974); formulas as in Train (2009), *Discrete Choice Methods with Simulation*, chapters 3 and 4. An
alternative of utility -inf is not available.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def multinomial(utility, probability):
    """Multinomial logit of one chooser: P_j = exp(V_j) / sum exp(V_k), into `probability`; returns the logsum.

    utility, probability : float64 (alternatives,). All probabilities are 0 and the logsum -inf if none is available.
    """
    top = -math.inf
    for value in utility:
        top = max(top, value)
    if top == -math.inf:
        probability[:] = 0.0
        return top
    total = 0.0
    for j in range(len(utility)):
        probability[j] = math.exp(utility[j] - top)
        total += probability[j]
    for j in range(len(utility)):
        probability[j] /= total
    return top + math.log(total)


@njit(cache=True)
def nested(utility, nest, scale, probability):
    """Nested logit of one chooser, into `probability`; returns the logsum.

    utility : float64 (alternatives,); nest : int64 (alternatives,), 0..nests-1
    scale   : float64 (nests,) in (0, 1], 1 = no correlation inside the nest
    P_j = P(j | nest) P(nest), with I = ln sum exp(V / scale) and P(nest) proportional to exp(scale I).
    """
    nests = len(scale)
    inclusive = np.full(nests, -math.inf)
    for m in range(nests):
        top = -math.inf
        for j in range(len(utility)):
            if nest[j] == m:
                top = max(top, utility[j] / scale[m])
        if top > -math.inf:
            total = 0.0
            for j in range(len(utility)):
                if nest[j] == m:
                    total += math.exp(utility[j] / scale[m] - top)
            inclusive[m] = top + math.log(total)
    share = np.empty(nests)
    logsum = multinomial(inclusive * scale, share)
    for j in range(len(utility)):
        m = nest[j]
        probability[j] = share[m] * math.exp(utility[j] / scale[m] - inclusive[m]) if utility[j] > -math.inf else 0.0
    return logsum


@njit(cache=True)
def choose(probability, u):
    """The alternative at which the cumulative `probability` passes the uniform draw `u`; -1 if none is available."""
    total, last = 0.0, -1
    for j in range(len(probability)):
        if probability[j] > 0.0:
            total += probability[j]
            last = j
            if u < total:
                return j
    return last  # rounding left the sum below u


@njit(cache=True)
def choose_all(utility, u, chosen):
    """Multinomial choices of n choosers: utility (n, alternatives), uniform draws u (n,), into chosen (n,)."""
    probability = np.empty(utility.shape[1])
    for i in range(len(u)):
        multinomial(utility[i], probability)
        chosen[i] = choose(probability, u[i])
