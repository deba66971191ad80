"""What is assumed about use, chargers, solar panels and protection. An assumption unless a source stands by it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GridConfig(BaseModel):
    """Loads, electric cars, solar panels, protection and backup.

    load_factor   : multiplies the use of every building
    pv_share      : share of houses with solar panels; about a third of Dutch homes had them in 2024 (order of the
        figures of Statistics Netherlands). A larger share only adds panels
    pv_w          : W, installed peak of one house; pv_yield: output over installed peak x irradiance / 1000 W/m2
    home_charger, work_charger, public_charger : chance that a driver finds a charger where she parks at home, at work
        and elsewhere
    fast_share    : share of chargers of 11 kW; the others give 7.4 kW (one phase of 32 A)
    overload      : share of rating above which a transformer's or feeder's protection counts
    overload_min  : min without a break after which it opens
    reclose_min   : min after which an operator closes it again
    source_pu     : voltage that substations keep on their high side, pu
    signal_backup : min that signals go on with a battery when the grid is dark; 0 for none
    solve_every   : min between two power flows
    """

    model_config = ConfigDict(extra="forbid")
    load_factor: float = Field(1.0, ge=0.0, le=20.0)
    pv_share: float = Field(0.3, ge=0.0, le=1.0)
    pv_w: float = Field(4000.0, ge=0.0)
    pv_yield: float = Field(0.8, ge=0.0, le=1.0)
    home_charger: float = Field(0.5, ge=0.0, le=1.0)
    work_charger: float = Field(0.3, ge=0.0, le=1.0)
    public_charger: float = Field(0.15, ge=0.0, le=1.0)
    fast_share: float = Field(0.5, ge=0.0, le=1.0)
    overload: float = Field(1.2, gt=0.0)
    overload_min: float = Field(60.0, gt=0.0)
    reclose_min: float = Field(120.0, gt=0.0)
    source_pu: float = Field(1.03, gt=0.8, lt=1.2)
    signal_backup: float = Field(0.0, ge=0.0)
    solve_every: int = Field(15, ge=1, le=60)
