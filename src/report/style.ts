/** How the page looks: light and dark as whoever reads it likes, and in print. */

const PALETTE = ["#0b6fb8", "#c4500d", "#2d8a3e", "#8a4fbf", "#a98600", "#c22f6b", "#0e8f8f", "#6b6b6b"];

/** The page's style. */
export const STYLE: string = `:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#d7dce2}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#14181d;--faint:#353c45}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}main{max-width:62rem;margin:auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}p{margin:.2rem 0 .5rem}svg{width:100%;height:auto;display:block}svg:focus-visible{outline:2px solid var(--ink)}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}.grid{stroke:var(--faint);fill:none}.line{fill:none;stroke:var(--c);stroke-width:1.6;stroke-linecap:round}
.band{fill:var(--c);opacity:.2}.dots{fill:none;stroke:var(--c);stroke-width:3;stroke-linecap:round;opacity:.55}.bars{fill:var(--c)}.rule{stroke:#c22;stroke-dasharray:4 3}
.plot path{vector-effect:non-scaling-stroke}.chosen{fill:var(--ink);opacity:.15}svg[tabindex]{touch-action:pan-y;user-select:none}kbd{border:1px solid var(--faint);border-radius:3px;padding:0 .3em}
.good{--c:#2d8a3e}.bad{--c:#c22}.faint{--c:#888}
.agreed{fill:#2d8a3e;opacity:.18}.v0{fill:var(--ink);opacity:.18}.v1{fill:#0b6fb8;opacity:.55}.v2{fill:#0b6fb8}
table{border-collapse:collapse}th,td{padding:.15rem .7rem;text-align:right;border-bottom:1px solid var(--faint)}th[scope=row]{text-align:left;font-weight:normal;overflow-wrap:anywhere}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}.legend li{overflow-wrap:anywhere}.legend li::before{content:"";display:inline-block;width:1.1em;height:.25em;margin-right:.4em;vertical-align:middle;background:var(--c)}
${PALETTE.map((colour, index) => `.c${index}{--c:${colour}}`).join("")}
@media print{:root{--ink:#000;--paper:#fff;--faint:#bbb}section{break-inside:avoid}#keys,#said{display:none}}`;
