"""Keyed random draws: a counter-based hash and no state.

A draw is a pure function of (seed, purpose, entity key, ordinal). Two scenarios therefore share their luck entity by
entity: a call that both runs see gets the same fate in both, whatever else happened before it. Time belongs to the key
only for exogenous calendar processes (weather, arrivals by the hour), where the caller passes it as the ordinal.

The hash is two rounds of the splitmix64 finaliser (Steele, Lea & Flood 2014, *Fast splittable pseudorandom number
generators*, OOPSLA; constants of Vigna's public-domain splitmix64.c). Every function here gives the same value from
numba and from Python.
"""

from __future__ import annotations

import hashlib
import math
import random

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


def stream(seed: int, purpose: str) -> int:
    """Key of one stream of draws: int64 from the scenario's `seed` and the `purpose` of the draw, as a name."""
    digest = hashlib.blake2b(f"{int(seed)}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


@njit(cache=True)
def _mix(z):  # type: ignore[no-untyped-def]
    # numba turns uint64 mixed with int64 into float64, so every operand here is uint64
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit(cache=True)
def bits(stream, key, ordinal):  # type: ignore[no-untyped-def]
    """64 hashed bits of (stream, key, ordinal); all three int64."""
    z = _mix(np.uint64(stream) + _GOLDEN * np.uint64(key + 1))
    return _mix(z + _GOLDEN * np.uint64(ordinal + 1))


@njit(cache=True)
def uniform(stream: int, key: int, ordinal: int = 0) -> float:
    """One uniform draw in [0, 1) with 53 random bits."""
    return np.float64(bits(stream, key, ordinal) >> _S11) * _TO_UNIT


@njit(cache=True)
def exponential(stream: int, key: int, ordinal: int = 0) -> float:
    """One exponential draw of mean 1."""
    return -math.log(1.0 - uniform(stream, key, ordinal))


@njit(cache=True)
def normal(stream: int, key: int, ordinal: int = 0) -> float:
    """One standard normal draw (Box & Muller 1958, cosine branch; it takes ordinals 2n and 2n+1 of the stream)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(stream, key, 2 * ordinal)))
    return radius * math.cos(2.0 * math.pi * uniform(stream, key, 2 * ordinal + 1))


@njit(cache=True)
def _fill_uniforms(stream, keys, ordinals, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = uniform(stream, keys[i], ordinals[i])


@njit(cache=True)
def _fill_normals(stream, keys, ordinals, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = normal(stream, keys[i], ordinals[i])


@njit(cache=True)
def _fill_exponentials(stream, keys, ordinals, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = exponential(stream, keys[i], ordinals[i])


def _many(fill, stream: int, keys, ordinal) -> Floats:  # type: ignore[no-untyped-def]
    keys = np.atleast_1d(np.asarray(keys, np.int64))
    ordinals = np.broadcast_to(np.asarray(ordinal, np.int64), keys.shape)
    out = np.empty(len(keys))
    fill(stream, keys, np.ascontiguousarray(ordinals), out)
    return out


def uniforms(stream: int, keys, ordinal=0) -> Floats:  # type: ignore[no-untyped-def]
    """Uniform draws in [0, 1): one per key, shape (n,); `ordinal` is one number or shape (n,)."""
    return _many(_fill_uniforms, stream, keys, ordinal)


def normals(stream: int, keys, ordinal=0) -> Floats:  # type: ignore[no-untyped-def]
    """Standard normal draws: one per key, shape (n,)."""
    return _many(_fill_normals, stream, keys, ordinal)


def exponentials(stream: int, keys, ordinal=0) -> Floats:  # type: ignore[no-untyped-def]
    """Exponential draws of mean 1: one per key, shape (n,)."""
    return _many(_fill_exponentials, stream, keys, ordinal)


class KeyedRandom(random.Random):
    """Python's `random.Random` interface on keyed draws: the n-th draw is a function of (stream, key, n).

    `draws` counts how many were taken; the owner keeps it (a Mesa agent keeps it in its column `draws_made`).
    """

    def __init__(self, stream: int, key: int, draws: int = 0) -> None:
        self.stream, self.key, self.draws = stream, key, draws
        super().__init__(0)

    def random(self) -> float:
        """The next uniform draw in [0, 1)."""
        value = uniform(self.stream, self.key, self.draws)
        self.draws += 1
        return float(value)

    def getrandbits(self, k: int) -> int:
        """`k` random bits, from as many 64-bit draws as they need."""
        value = 0
        for shift in range(0, k, 64):
            value |= int(bits(self.stream, self.key, self.draws)) << shift
            self.draws += 1
        return value >> (-k % 64) if k % 64 else value

    # random.Random.gauss keeps half a pair in the object, which a column cannot hold
    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        """A normal draw without a remembered half pair."""
        return self.normalvariate(mu, sigma)

    def seed(self, *args: object, **kwargs: object) -> None:
        """Keyed draws cannot be re-seeded: the call is ignored on purpose (Random's constructor makes it)."""
