// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"

	"waylight/internal/platform/form"
)

// helper is the helpers' office that the demo has people for.
const helper = "mcaht"

// story is an invented report, before it gets a number.
type story struct {
	language string
	answers  form.Answers
	text     string
}

// stories are invented in every word; none is about anybody.
var stories = []story{
	{"en", form.Answers{"who": {"saw"}, "mode": {"tip"}, "age": {"adult"}, "danger": {"no"}, "kind": {"sex"}, "happened": {"MS-28033"}, "land": {"ordinary"}},
		"At the truck stop by the highway a woman went from cab to cab while a man in a gray pickup watched and took what she was given. She looked afraid of him."},
	{"en", form.Answers{"who": {"saw"}, "mode": {"tip"}, "age": {"under18"}, "danger": {"no"}, "kind": {"labor"}, "happened": {"MS-28049"}, "now": {"MS-28049"}, "land": {"ordinary"}},
		"Three children who look about twelve work in the packing shed from early morning. They are not in school. A foreman keeps their phones."},
	{"en", form.Answers{"who": {"me"}, "mode": {"help"}, "age": {"adult"}, "danger": {"no"}, "kind": {"labor"}, "now": {"MS-28047"}, "consents": {helper}},
		"They hold my papers and say I owe more each month. I want to leave and I need a safe place for a few nights. Please do not call my boss."},
	{"es", form.Answers{"who": {"me"}, "mode": {"help"}, "age": {"adult"}, "kind": {"sex"}, "now": {"MS-28059"}, "consents": {helper}},
		"Necesito salir de donde estoy. No tengo adónde ir. Solo puedo escribir por la noche."},
	{"es", form.Answers{"who": {"known"}, "mode": {"tip"}, "age": {"adult"}, "kind": {"labor"}, "happened": {"MS-28123"}, "now": {"MS-28123"}},
		"Un amigo trabaja en una planta y duerme allí. No le pagan desde hace meses y le dicen que no puede irse."},
	{"en", form.Answers{"who": {"job"}, "mode": {"tip"}, "age": {"under18"}, "danger": {"yes"}, "kind": {"sex"}, "happened": {"MS-28049"}, "now": {"MS-28049"}},
		"I am a nurse. A girl of about fifteen came in with a man who answered every question for her. She has marks on her wrists. They are still here."},
	{"en", form.Answers{"who": {"saw"}, "mode": {"tip"}, "age": {"unsure"}, "kind": {"unsure"}, "happened": {"MS-28121"}, "conflict": {"police"}},
		"A deputy I can name visits the house behind the store every Friday and warns them before anyone comes."},
	{"en", form.Answers{"who": {"saw"}, "mode": {"tip"}, "age": {"adult"}, "kind": {"labor"}, "happened": {"MS-28099"}, "land": {"tribal"}},
		"The cleaning crew that comes to the hotel sleeps in the van. One of them asked me for bread."},
	{"en", form.Answers{"who": {"known"}, "mode": {"tip"}, "age": {"under18"}, "kind": {"sex"}, "happened": {"TN-47157"}, "lives": {"MS-28033"}},
		"My niece lives in Southaven. A man she met online takes her to a motel in Memphis on weekends and she comes back with money she will not explain."},
	{"en", form.Answers{"who": {"saw"}, "mode": {"tip"}, "age": {"adult"}, "kind": {"unsure"}},
		"On the night train two women had no bags and no phones. A man had all the tickets and would not let them speak to the conductor."},
	{"en", form.Answers{"who": {"job"}, "mode": {"tip"}, "age": {"under18"}, "kind": {"missing", "sex"}, "happened": {"MS-28035"}},
		"A foster child of sixteen did not come back on Sunday. Her friends say an older boyfriend picked her up and they saw her pictures on a page that sells dates."},
	{"en", form.Answers{"who": {"me"}, "mode": {"help"}, "age": {"under18"}, "kind": {"sex"}, "now": {"MS-28045"}, "consents": {helper}},
		"I am sixteen. I want somebody to talk to who is not police."},
}

// tell gives the n-th report of the demo its words. Each says that it is
// invented, so that a printout or a screenshot can never be taken for real.
func tell(n int) story {
	s := stories[n%len(stories)]
	answers := form.Answers{}
	for k, v := range s.answers {
		answers[k] = v
	}
	marks := map[string]string{
		"en": "[Demo %03d. Invented: no such person, no such place.] ",
		"es": "[Demostración %03d. Inventado: esta persona y este lugar no existen.] ",
	}
	answers["story"] = []string{fmt.Sprintf(marks[s.language], n+1) + s.text}
	if n%3 == 0 {
		answers["contact"] = []string{fmt.Sprintf("Invented Person, 601-555-01%02d", n%100)}
	}
	s.answers = answers
	return s
}
