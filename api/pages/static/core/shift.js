// What is so now, as far as this device can know: what the server last said, and what was said here since.

/** The shift's data with everything signed here that the server's answer does not hold yet. Pure. */
export function current(data, items) {
  const made = structuredClone(data);
  for (const item of items) {
    const counts = item.state === "waiting" || (item.state === "recorded" && item.at > data.made_at);
    if (counts) EFFECTS[item.type]?.(made, item.said.body);
  }
  return made;
}

/** The container that a text names: its id, its label's, its code or the end of its id; undefined for none or several. */
export function find(shift, name) {
  const folded = name.toUpperCase();
  const by = [
    (c) => c.id === name || c.label === name,
    (c) => c.container_code.toUpperCase() === folded,
    (c) => name.length >= 8 && c.id.endsWith(name.toLowerCase()),
  ];
  for (const fits of by) {
    const found = shift.containers.filter(fits);
    if (found.length) return found.length === 1 ? found[0] : undefined;
  }
}

/** The containers that a text means: one, or all that are in what it names; none is an empty list. */
export function meant(shift, name) {
  const found = find(shift, name);
  return found ? [found] : shift.containers.filter((c) => c.outer?.includes(name));
}

const one = (shift, body) => shift.containers.find((c) => c.id === body.container) ?? {};

const EFFECTS = {
  "container-filled": (shift, b) =>
    shift.containers.some((c) => c.id === b.container) ||
    shift.containers.push({
      id: b.container, code: b.code, name: b.name, container_code: b.container_code ?? "", label: b.label ?? "",
      net_g: b.mass.net_g, mass_unknown: false, status: "held", holder: b.place.party, site: b.place.site,
      facility: b.facility ?? "", zone: "", manifest: "", digital_code: "", outer: [],
    }),
  "label-bound": (shift, b) => Object.assign(one(shift, b), { label: b.label, digital_code: b.digital_code ?? "" }),
  "container-stored": (shift, b) => Object.assign(one(shift, b), { facility: b.facility, zone: b.zone ?? "" }),
  "container-moved": (shift, b) =>
    Object.assign(one(shift, b), { site: b.to.site, facility: b.facility ?? "", zone: b.zone ?? "" }),
  "container-weighed": (shift, b) => Object.assign(one(shift, b), { net_g: b.mass.net_g }),
  "manifest-issued": (shift, b) => {
    for (const line of b.lines) Object.assign(one(shift, line), { manifest: b.manifest });
    if (shift.manifests.some((m) => m.id === b.manifest)) return;
    const called = (id) => shift.partners.find((p) => p.id === id)?.name ?? "";
    const lines = b.lines.map((line) => ({ container: line.container, state: "listed", listed_g: line.net_g }));
    shift.manifests.push({
      id: b.manifest, number: "", status: "issued", from: b.from, to: b.to, carrier: b.carrier, lines,
      from_name: called(b.from.party), to_name: called(b.to.party),
    });
  },
  "manifest-collected": (shift, b) => {
    for (const line of b.lines) Object.assign(one(shift, line), { status: "in-transit", holder: b.carrier });
    for (const m of shift.manifests) if (m.id === b.manifest) m.status = "under-way";
  },
};
