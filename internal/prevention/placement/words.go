// SPDX-License-Identifier: Apache-2.0

package placement

// What pages call things. Staff pages are in English.
var (
	kindWords = map[string]string{
		"train_station": "Train station", "train": "Train", "bus_station": "Bus station", "bus": "Bus", "airport": "Airport", "aircraft": "Aircraft",
		"port_of_entry": "Port of entry", "federal_building": "Federal building", "rest_area": "Rest area", "truck_stop": "Truck stop", "lodging": "Hotel or other lodging",
		"adult_entertainment": "Adult entertainment", "bar": "Bar", "salon": "Salon", "massage": "Massage", "hospital": "Hospital", "clinic": "Clinic",
		"farm_labor": "Farm labor contractor", "job_recruitment": "Job recruitment", "court": "Court", "school": "School", "business": "Business", "free": "Other place",
	}
	spotWords = map[string]string{
		"restroom": "restroom", "entrance": "entrance", "platform": "platform", "waiting_room": "waiting room", "car": "car", "employees": "where employees see it",
		"counter": "counter", "screen": "screen", "other": "other spot",
	}
	stateWords = map[State]string{
		Planned: "planned", Printed: "printed", Up: "up", Missing: "missing", Defaced: "defaced", Stickered: "sticker over the code", Replaced: "replaced", Removed: "removed",
	}
	stateTags = map[State]string{
		Planned: "t-new", Printed: "t-wait", Up: "t-done", Missing: "t-late", Defaced: "t-late", Stickered: "t-late", Replaced: "t-off", Removed: "t-off",
	}
	paperWords  = map[string]string{"letter": "Letter, 8.5 × 11 in", "tabloid": "Tabloid, 11 × 17 in", "11x15": "11 × 15 in", "a4": "A4", "card": "Card", "sticker": "Sticker", "screen": "Screen"}
	foundWords  = map[string]string{FoundSeen: "seen", PutUp: "put up", string(Missing): "missing", string(Defaced): "defaced", string(Stickered): "sticker over the code"}
	passWords   = map[string]string{PassHanging: "That hang, or should", PassPrinted: "That are printed, to put them up", PassBoth: "Both"}
	opensWords  = map[string]string{"untried": "not tried", "yes": "yes", "no": "no"}
	reasonWords = map[string]string{
		reasonVersion: "newer version of the notice", string(Missing): "missing", string(Defaced): "defaced", string(Stickered): "sticker over the code",
		reasonCode: "code does not open the printed address", reasonHeld: "code is on although somebody doubts it: a supervisor must look",
	}
	taskWords  = map[string]string{"open": "open", "done": "done", "dropped": "dropped"}
	batchWords = map[string]string{BatchPlan: "Plan sheets at places", BatchPrinted: "Mark as printed", BatchUp: "Mark as put up", BatchRenew: "Prepare replacements",
		BatchRemove: "Remove what is planned or printed"}
)
