"""The twenty-two targets of the demo: where they are, what they are, and how they behave."""

from tomlake.demo.actor import Actor, night_ra_deg
from tomlake.demo.behaviours import (
    eclipses,
    fadings,
    microlensing,
    outbursts,
    pulsation,
    random_walk,
    step_up,
    supernova,
    together,
)


def cast(now_mjd: float) -> list[Actor]:
    """Return the demo's targets as they are around ``now_mjd``: some are in the middle of their act."""
    return [*_explosions(now_mjd), *_events(now_mjd), *_restless(now_mjd), *_eruptions(now_mjd), *CLOCKS]


# fmt: off
def _explosions(now_mjd: float) -> tuple[Actor, ...]:
    return (
        Actor(name="Sim26aaa", classification="SN", g_mag=19.0, bp_rp_mag=0.6, importance=9.8, cadence_d=1.0,
              ra_deg=night_ra_deg(now_mjd, hours_after_midnight=-1.2), dec_deg=14.416, observed=True,
              behaviour=supernova(now_mjd - 9, amplitude_mag=5.4),
              story="A type Ia supernova in a nearby spiral, a week after its maximum."),
        Actor(name="Sim26aab", classification="SLSN", g_mag=19.6, bp_rp_mag=0.3, importance=8.0,
              ra_deg=night_ra_deg(now_mjd, hours_after_midnight=2.1), dec_deg=37.341,
              behaviour=supernova(now_mjd - 60, amplitude_mag=3.4, rise_d=45, fade_d=80),
              story="A superluminous supernova that takes its time."),
        Actor(name="Sim26nov", classification="Nova", g_mag=19.5, bp_rp_mag=1.1, importance=9.0,
              cadence_d=1.0, ra_deg=night_ra_deg(now_mjd, hours_after_midnight=-3.3), dec_deg=-4.771,
              observed=True, behaviour=supernova(now_mjd - 31, amplitude_mag=9.6, rise_d=2, fade_d=18),
              story="A classical nova, fading two magnitudes a month."),
        Actor(name="Sim24imp", classification="Supernova impostor", g_mag=20.2, bp_rp_mag=0.9, importance=6.0,
              ra_deg=150.042, dec_deg=68.917,
              behaviour=outbursts(every_d=420, amplitude_mag=3.1, rise_d=12, fade_d=50),
              story="Looks like a supernova, comes back like a variable star."),
    )


def _events(now_mjd: float) -> tuple[Actor, ...]:
    return (
        Actor(name="Sim25tde", classification="TDE", g_mag=18.6, bp_rp_mag=0.2, importance=8.5,
              ra_deg=night_ra_deg(now_mjd, hours_after_midnight=3.2), dec_deg=-12.204,
              behaviour=step_up(now_mjd - 240, amplitude_mag=2.2, rise_d=8, fade_d=160),
              story="A star torn apart by a black hole; the centre of its galaxy fades slowly."),
        Actor(name="Sim26dkv", classification="Microlensing Event", g_mag=15.1, bp_rp_mag=1.4, importance=9.9,
              ra_deg=night_ra_deg(now_mjd, hours_after_midnight=-2.4), dec_deg=31.482, cadence_d=0.5,
              behaviour=microlensing(now_mjd + 6, einstein_time_d=48, impact=0.11), observed=True,
              story="An unseen mass bends the light of a star; the peak is next week."),
        Actor(name="Sim22blg", classification="Microlensing Event", g_mag=16.9, bp_rp_mag=1.9, importance=4.0,
              ra_deg=268.882, dec_deg=-29.337,
              behaviour=microlensing(59810.0, einstein_time_d=120, impact=0.32),
              story="A long event towards the bulge, finished years ago; its baseline still matters."),
    )


def _restless(now_mjd: float) -> tuple[Actor, ...]:
    return (
        Actor(name="SimAGN1", classification="AGN", g_mag=16.4, bp_rp_mag=0.7, importance=5.5,
              ra_deg=122.305, dec_deg=46.218, behaviour=random_walk(amplitude_mag=0.28, timescale_d=190),
              story="A Seyfert galaxy whose nucleus never rests."),
        Actor(name="SimBLL1", classification="BL Lac", g_mag=14.6, bp_rp_mag=1.0, importance=7.0,
              cadence_d=1.0, ra_deg=night_ra_deg(now_mjd, hours_after_midnight=1.3), dec_deg=42.271,
              observed=True, behaviour=random_walk(amplitude_mag=0.62, timescale_d=22),
              story="A blazar: a jet pointed at us, flickering within days."),
        Actor(name="SimQSO1", classification="QSO", g_mag=18.3, bp_rp_mag=0.5, importance=3.0, cadence_d=10.0,
              ra_deg=15.918, dec_deg=-2.137, behaviour=random_walk(amplitude_mag=0.18, timescale_d=420),
              story="A distant quasar, slow and patient."),
        Actor(name="SimXRB1", classification="XRB", g_mag=19.1, bp_rp_mag=1.0, importance=7.0,
              ra_deg=196.305, dec_deg=33.881,
              behaviour=outbursts(every_d=700, amplitude_mag=4.1, rise_d=6, fade_d=34),
              story="A black hole with a companion, asleep most of the time."),
    )


def _eruptions(now_mjd: float) -> tuple[Actor, ...]:
    young = step_up(now_mjd - 900, amplitude_mag=3.0, rise_d=60, fade_d=4000)
    symbiotic = step_up(now_mjd - 400, amplitude_mag=1.4, rise_d=20, fade_d=900)
    return (
        Actor(name="SimCV1", classification="CV", g_mag=17.2, bp_rp_mag=0.6, importance=6.5, cadence_d=1.0,
              ra_deg=night_ra_deg(now_mjd, hours_after_midnight=0.4), dec_deg=51.829, observed=True,
              behaviour=outbursts(every_d=58, amplitude_mag=3.6, rise_d=1.2, fade_d=6.0),
              story="A dwarf nova that brightens thirtyfold every two months."),
        Actor(name="SimSym1", classification="Symbiotic star", g_mag=12.4, bp_rp_mag=1.8, importance=6.0,
              ra_deg=239.871, dec_deg=25.917,
              behaviour=together(pulsation(227.6, amplitude_mag=0.3), symbiotic),
              story="A red giant feeds a white dwarf; the pair is in a long outburst."),
        Actor(name="SimBe1", classification="Be-star outburst", g_mag=11.2, bp_rp_mag=0.1, importance=4.5,
              ra_deg=84.411, dec_deg=21.142,
              behaviour=outbursts(every_d=310, amplitude_mag=0.45, rise_d=15, fade_d=70),
              story="A fast-rotating star that throws off a disc now and then."),
        Actor(name="SimRCB1", classification="RCrB", g_mag=12.9, bp_rp_mag=1.1, importance=6.0,
              ra_deg=271.219, dec_deg=7.346,
              behaviour=fadings(every_d=1100, depth_mag=4.5, down_d=25, recover_d=160),
              story="Clouds of soot hide this star without warning."),
        Actor(name="SimYSO1", classification="YSO", g_mag=16.8, bp_rp_mag=2.2, importance=7.5,
              ra_deg=83.806, dec_deg=-5.914,
              behaviour=together(young, random_walk(amplitude_mag=0.12, timescale_d=12)),
              story="A young star swallows part of its disc and stays bright for years."),
    )


CLOCKS: tuple[Actor, ...] = (
    Actor(name="SimMira1", classification="LPV", g_mag=11.8, bp_rp_mag=3.2, importance=2.0, cadence_d=10.0,
          ra_deg=34.837, dec_deg=22.977, behaviour=pulsation(331.9, amplitude_mag=3.4, skewness=0.2),
          story="A Mira: a dying red giant that breathes once a year."),
    Actor(name="SimCep1", classification="CEPH", g_mag=11.0, bp_rp_mag=1.0, importance=2.0,
          ra_deg=337.292, dec_deg=58.415, behaviour=pulsation(5.366, amplitude_mag=0.85, skewness=0.35),
          story="A Cepheid, the first rung of the distance ladder."),
    Actor(name="SimRR1", classification="RR Lyrae Variable", g_mag=13.7, bp_rp_mag=0.6, importance=2.5,
          ra_deg=291.367, dec_deg=42.784, observed=True,
          behaviour=pulsation(0.56687, amplitude_mag=0.95, skewness=0.45),
          story="An RR Lyrae star: fold its points with 0.56687 days."),
    Actor(name="SimEB1", classification="EB", g_mag=12.6, bp_rp_mag=0.5, importance=2.0,
          ra_deg=47.042, dec_deg=40.956,
          behaviour=eclipses(2.8673, depth_mag=1.15, width=0.13, secondary_mag=0.12),
          story="Two stars that hide each other every three days."),
    Actor(name="SimExo1", classification="Planetary Transit", g_mag=12.0, bp_rp_mag=0.8, importance=5.0,
          ra_deg=103.117, dec_deg=12.662, behaviour=eclipses(3.1915, depth_mag=0.022, width=0.04),
          story="A hot Jupiter takes two percent of its star's light."),
    Actor(name="SimFlare1", classification="M-dwarf flare", g_mag=14.9, bp_rp_mag=2.9, importance=1.5,
          ra_deg=164.121, dec_deg=7.015,
          behaviour=outbursts(every_d=45, amplitude_mag=1.2, rise_d=0.01, fade_d=0.05),
          story="A red dwarf with a temper."),
)
# fmt: on
