"""The page's style sheet: light and dark, for screen and paper; no pair of colours differs in red and green alone."""

CSS = (
    """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5a6675; --paper: #ffffff; --panel: #f5f7f9; --rule: #d8dee5;
  --accent: #14508c; --alarm: #a4161a; --s1: #14508c; --s2: #c2410c; --s3: #b58900;
  --s4: #8b2a8b; --s5: #6b7785; --s6: #0f766e; --band: #f2b13433; --halo: #ffffffd9; --street: #c3cad2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #a5b1be; --paper: #12171d; --panel: #1b222a;
  --rule: #34404d; --accent: #8fc1f5; --alarm: #ff9b95; --s1: #72b1f0; --s2: #ff9256; --s3: #e5c04a;
  --s4: #d58fd8; --s5: #9aa7b5; --s6: #4fc3b5; --band: #f2b13426; --street: #47535f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .3rem; } h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
.question { font-size: 1.15rem; color: var(--soft); margin: 0 0 .8rem; }
.badge { display: inline-block; border: 1px solid var(--rule); background: var(--panel); border-radius: 1rem;
  padding: .1rem .75rem; font-size: .85rem; margin: 0 .4rem .4rem 0; }
nav { font-size: .9rem; margin: .6rem 0 0; } nav a { margin-right: 1rem; white-space: nowrap; }
a { color: var(--accent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile { background: var(--panel); border: 1px solid var(--rule); border-radius: .6rem; padding: .8rem 1rem; }
.tile .name { font-size: .88rem; } .tile .value { font-size: 1.9rem; font-weight: 650; line-height: 1.25; }
.tile .value span { font-size: 1rem; font-weight: 400; color: var(--soft); }
.note, .tile .note { font-size: .82rem; color: var(--soft); font-weight: 400; }
.alarm { border-left: .3rem solid var(--alarm); padding: .3rem .8rem; color: var(--alarm); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1.2rem; }
figure { margin: 0; background: var(--panel); border: 1px solid var(--rule); border-radius: .6rem;
  padding: .8rem .9rem .5rem; }
figcaption { font-size: .9rem; margin-bottom: .3rem; } figure .note { margin: .3rem 0; }
.key { display: inline-flex; align-items: center; margin: .1rem .9rem .1rem 0; font-size: .82rem; }
.key i { display: inline-block; width: 1.1rem; height: .7rem; margin-right: .35rem; border-radius: .15rem; }
svg { display: block; width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--rule); stroke-width: 1; fill: none; } .band { fill: var(--band); }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .dashed { stroke-dasharray: 5 4; }
"""
    + "".join(
        f".s{k} {{ stroke: var(--s{k}); }} .f{k}, .k{k} {{ fill: var(--s{k}); background: var(--s{k}); }}\n"
        for k in range(1, 7)
    )
    + """.f1, .f2, .f3, .f4, .f5, .f6 { stroke: var(--panel); stroke-width: .7; }
.key i.dashed { height: 0; background: none; border-top: 2px dashed var(--s5); }
.c0 { fill: #fff3d6; background: #fff3d6; } .c1 { fill: #fdd49e; background: #fdd49e; }
.c2 { fill: #f6a15b; background: #f6a15b; }
.c3 { fill: #d9622b; background: #d9622b; } .c4 { fill: #98360f; background: #98360f; }
.answer { font-size: 1.1rem; border-left: .3rem solid var(--accent); padding-left: .2rem; }
.answer li { margin: .35rem 0; } .t-worse { color: var(--s2); } .t-better { color: var(--s1); }
.v-worse { fill: var(--s2); stroke: var(--s2); background: var(--s2); }
.v-better { fill: var(--s1); stroke: var(--s1); background: var(--s1); }
.v-neutral { fill: var(--panel); stroke: var(--s5); background: var(--s5); }
.whisker { fill: none; stroke-width: 2; } circle { stroke-width: 1.8; }
.zero { fill: none; stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 3 3; }
svg .name { font-size: 12.5px; fill: var(--ink); paint-order: stroke; stroke: var(--panel); stroke-width: 5px; }
.up1 { fill: #fdd49e; background: #fdd49e; } .up2 { fill: #f08a3c; background: #f08a3c; }
.up3 { fill: #a63d0d; background: #a63d0d; } .down1 { fill: #c6dbef; background: #c6dbef; }
.down2 { fill: #6baed6; background: #6baed6; } .down3 { fill: #17568c; background: #17568c; }
.same { fill: #e6eaee; background: #e6eaee; } .few { fill: #c3cbd3; background: #c3cbd3; }
.none { fill: var(--rule); background: var(--rule); } .hidden { fill: #9aa4ae; background: #9aa4ae; }
.zones path { stroke: var(--paper); stroke-width: 1.2; stroke-linejoin: round; }
.labels text { font-size: 7.6px; fill: #1d2530; text-anchor: middle; paint-order: stroke; stroke: #ffffffcc;
  stroke-width: 2.2px; stroke-linejoin: round; pointer-events: none; } .labels .v { font-weight: 700; }
.labels .light { fill: #ffffff; stroke: #5c1f06aa; }
.street { fill: none; stroke: var(--street); stroke-width: .8; } .slow { fill: none; stroke-linecap: round; }
.w1 { stroke: var(--s3); background: var(--s3); stroke-width: 2; }
.w2 { stroke: var(--s2); background: var(--s2); stroke-width: 3; }
.w3 { stroke: var(--alarm); background: var(--alarm); stroke-width: 4; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .88rem; margin: .6rem 0 1rem; width: 100%; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 500; } td:first-child, tbody th { min-width: 5.5rem; }
thead th { font-weight: 650; } .n { text-align: right; font-variant-numeric: tabular-nums; }
.chain { background: var(--panel); border: 1px solid var(--rule); border-radius: .6rem;
  padding: .4rem 1rem; margin: .6rem 0; }
.chain ol { margin: .3rem 0; padding-left: 1.3rem; }
details { margin: .5rem 0; } summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 3rem; font-size: .85rem; color: var(--soft); border-top: 1px solid var(--rule);
  padding-top: .8rem; }
@media print { body { max-width: none; } nav { display: none; } figure, .tile, .chain { break-inside: avoid; } }
"""
)
