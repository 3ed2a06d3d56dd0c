// Which objects an event concerns: the twin of each event class' `streams` for what a device says without the server.
// Tests compare it with the golden vector of every type named here.

const site = (place) => (place ? [place.site] : []);
const of = (list) => (list ?? []).map((each) => each.container);
const labels = (list) => (list ?? []).flatMap((each) => (each.label ? [each.label] : []));

const born = (b) => [b.container, b.place.site, ...(b.label ? [b.label] : [])];
const ofOne = (b) => [b.container];
const ofLicence = (b) => [b.licence, b.holder];
const crossing = (b) => [b.approval, b.sender, b.receiver];
const journey = (b) => [b.manifest, ...of(b.lines), ...site(b.from), ...site(b.to), ...site(b.place)];

export const ABOUT = {
  "container-filled": born,
  "container-opened": born,
  "waste-added": ofOne,
  "container-closed": ofOne,
  "container-stored": ofOne,
  "container-weighed": ofOne,
  "container-taken-out": ofOne,
  "container-moved": (b) => [b.container, ...(b.from.site === b.to.site ? [] : [b.from.site, b.to.site])],
  "label-bound": (b) => [b.container, b.label],
  "label-codes-reserved": (b) => [b.holder],
  "label-issued": (b) => [b.label, b.place.site],
  "manifest-issued": journey,
  "manifest-cancelled": (b) => [b.manifest, ...b.free, ...site(b.place)],
  "manifest-collected": (b) => [...journey(b), ...of(b.left_behind)],
  "manifest-handed-over": journey,
  "manifest-arrived": (b) => [b.manifest, ...b.arrived, ...site(b.place)],
  "manifest-received": journey,
  "manifest-return-started": journey,
  "manifest-return-received": journey,
  "manifest-redirected": journey,
  "inspection-drawn": (b) => [b.holder],
  "inspection-reported": (b) => [b.holder],
  "rectification-ordered": (b) => [b.holder],
  "rectification-closed": (b) => [b.holder],
  "explanation-accepted": ofOne,
  "licence-granted": ofLicence,
  "licence-amended": ofLicence,
  "licence-suspended": ofLicence,
  "licence-revoked": ofLicence,
  "cross-province-approved": crossing,
  "cross-province-reported": crossing,
  "emergency-plan-declared": (b) => [b.plan, ...b.receivers],
  "exemption-confirmed": (b) => [b.holder],
  "container-impounded": ofOne,
  "container-released": ofOne,
  "identification-confirmed": ofOne,
  "loss-determined": ofOne,
  "correction-agreed": ofOne,
  "correction-decided": ofOne,
  "roadside-checked": (b) => [b.manifest, ...b.checked],
  "complaint-registered": (b) => [b.holder],
  "complaint-answered": (b) => [b.holder],
  "party-registered": (b) => [b.holder],
  "site-registered": (b) => [b.holder, b.site],
  "key-enrolled": (b) => [b.key, b.holder],
  "key-revoked": (b) => [b.key, b.holder],
  "setting-adopted": (b, party) => [party, ...(b.scope ? [b.scope] : [])],
  "calendar-adopted": (_, party) => [party],
  "catalogue-adopted": (_, party) => [party],
  "waste-treated": (b) => [b.place.site, ...of(b.inputs), ...of(b.outputs), ...labels(b.outputs)],
};

/** The sorted objects of an event that `party` says; throws for a type that only the server can tell. */
export function about(type, body, party) {
  if (!(type in ABOUT)) throw new Error(`${type} is said online only`);
  return [...new Set(ABOUT[type](body, party))].sort();
}
