"""How well modelled flows fit counted ones: the GEH statistic and the criteria of UK guidance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GOOD, SHARE = 5.0, 0.85  # GEH below which a link fits, and the share of links of which that is asked (TAG unit M3.1)
SMALL, LARGE = 700.0, 2700.0  # veh/h between which the criterion of flows is relative (TAG unit M3.1)
WITHIN, RELATIVE, WITHIN_LARGE = 100.0, 0.15, 400.0  # veh/h; share of the count; veh/h


def geh(modelled: ArrayLike, counted: ArrayLike) -> NDArray[np.float64]:
    """The GEH statistic of hourly flows, sqrt(2 (m - c)^2 / (m + c)); 0 where both are 0.

    Flows in veh/h: the statistic depends on the unit. Source: UK Department for Transport, TAG unit M3.1 (Highway
    Assignment Modelling), and before it the Design Manual for Roads and Bridges, volume 12.
    """
    m, c = np.broadcast_arrays(np.asarray(modelled, np.float64), np.asarray(counted, np.float64))
    return np.asarray(np.sqrt(np.divide(2.0 * (m - c) ** 2, m + c, out=np.zeros(m.shape), where=m + c > 0)))


def flow_fits(modelled: ArrayLike, counted: ArrayLike) -> NDArray[np.bool_]:
    """Whether hourly flows meet the criterion of individual flows (TAG unit M3.1), in veh/h.

    Within 100 veh/h of counts below 700, within 15 % of counts from 700 to 2,700, within 400 of counts above.
    """
    m, c = np.asarray(modelled, np.float64), np.asarray(counted, np.float64)
    allowed = np.where(c < SMALL, WITHIN, np.where(c > LARGE, WITHIN_LARGE, RELATIVE * c))
    return np.asarray(np.abs(m - c) <= allowed)
