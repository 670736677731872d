"""Randomness by name: every number is a function of what it is for, never of when it is drawn. Pure."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

Floats = NDArray[np.float64]


def seed_of(*parts: object) -> int:
    """A 64-bit seed from the study's seed and the names of persona, question and purpose."""
    return int.from_bytes(_digest("\x1f".join(map(str, parts))), "big") >> 448


def derived_seed(tenant: str, simulation_id: str) -> int:
    """The seed of a simulation whose client gave none: below 2⁵³, so that JSON carries it exactly."""
    return seed_of("simulation", tenant, simulation_id) % 2**53


def by_lot(names: Sequence[str], seed: int) -> list[int]:
    """The places of `names` in an order drawn by lot; leaving some out does not change the order of the others."""
    return sorted(range(len(names)), key=lambda place: (seed_of(seed, names[place], "turn"), names[place]))


def uniforms(count: int, *parts: object) -> Floats:
    """`count` numbers in (0, 1), the same for the same parts. A longer row begins like a shorter one."""
    name = "\x1f".join(map(str, parts))
    blocks = b"".join(_digest(f"{name}\x1f{block}") for block in range((count + 7) // 8))
    whole = np.frombuffer(blocks, dtype=">u8")[:count].astype(np.uint64)
    return ((whole >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(count: int, *parts: object) -> Floats:
    """`count` standard normal numbers, the same for the same parts."""
    return np.asarray(ndtri(uniforms(count, *parts)))


@lru_cache(maxsize=16)
def sobol(dimensions: int, count: int, seed: int) -> Floats:
    """The first `count` points of a scrambled Sobol sequence, shape (count, dimensions), inside (0, 1)."""
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    points = sequence.random_base2(max(0, (count - 1).bit_length()))[:count]
    points = np.clip(points, 2.0**-53, 1 - 2.0**-53)
    points.setflags(write=False)
    return points


def shifted(point: Floats, *parts: object) -> Floats:
    """A point of a net moved by a random digital shift, which has a name (L'Ecuyer and Lemieux 2002). Inside (0, 1).

    Points with the same shift stay as evenly spread as they were; different shifts make independent nets.
    """
    shift = (uniforms(len(point), *parts) * 2.0**53).astype(np.uint64)
    moved = (point * 2.0**53).astype(np.uint64) ^ shift
    return (moved.astype(np.float64) + 0.5) * 2.0**-53


def rotated_normals(points: Floats, shifts: Floats) -> Floats:
    """Standard normal draws for each person: the points shifted modulo 1 (Cranley and Patterson 1976).

    `points` (draws, dimensions), `shifts` (people, dimensions) → (people, draws, dimensions).
    """
    rotated = points[None, :, :] + shifts[:, None, :]
    rotated -= np.floor(rotated)
    np.clip(rotated, 2.0**-53, 1 - 2.0**-53, out=rotated)
    return np.asarray(ndtri(rotated, out=rotated))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=64).digest()
