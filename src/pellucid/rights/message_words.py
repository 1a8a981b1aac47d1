"""What a message about a request says, in each language of notices: fixed sentences, with places for what is told."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "restriction-to-be-lifted": "The use of your data is restricted, as you asked. As you asked too, it is "
        "about to be lifted: your data may then be used again as before.",
        "objection-upheld": "We uphold your objection: your data is not used for it any more. While it was weighed, "
        "all use of your data was restricted; this is no reason for it any more.",
        "objection-overruled": "We weighed your objection and do not follow it, because compelling reasons outweigh "
        "it. While it was weighed, all use of your data was restricted; this is no reason for it any more.",
        "decision-upheld": "A person looked again at the decision that you contest, and it stands.",
        "decision-changed": "A person looked again at the decision that you contest, and changed it.",
        "time-extended": "We need longer to answer your request than the time that we named at first.",
        "clock-stopped": "To go on with your request, we need something of you. Until we have it, the time to "
        "answer stands still.",
    },
    "de": {
        "restriction-to-be-lifted": "Die Nutzung Ihrer Daten ist eingeschränkt, wie Sie es verlangt haben. Ebenfalls "
        "auf Ihr Verlangen wird die Einschränkung demnächst aufgehoben: Danach dürfen Ihre Daten wieder genutzt "
        "werden wie zuvor.",
        "objection-upheld": "Wir folgen Ihrem Widerspruch: Ihre Daten werden dafür nicht mehr genutzt. Solange er "
        "abgewogen wurde, war jede Nutzung Ihrer Daten eingeschränkt; dieser Grund dafür ist entfallen.",
        "objection-overruled": "Wir haben Ihren Widerspruch abgewogen und folgen ihm nicht, weil zwingende Gründe "
        "überwiegen. Solange er abgewogen wurde, war jede Nutzung Ihrer Daten eingeschränkt; dieser Grund dafür ist "
        "entfallen.",
        "decision-upheld": "Ein Mensch hat die Entscheidung, die Sie anfechten, noch einmal geprüft. Sie bleibt "
        "bestehen.",
        "decision-changed": "Ein Mensch hat die Entscheidung, die Sie anfechten, noch einmal geprüft und geändert.",
        "time-extended": "Für die Antwort auf Ihre Anfrage brauchen wir länger, als wir zuerst gesagt haben.",
        "clock-stopped": "Um Ihre Anfrage weiterzubearbeiten, brauchen wir etwas von Ihnen. Bis wir es haben, steht "
        "die Frist für unsere Antwort still.",
    },
    "es": {
        "restriction-to-be-lifted": "El uso de sus datos está limitado, como usted pidió. También a petición suya, "
        "la limitación se levantará próximamente: después, sus datos podrán volver a usarse como antes.",
        "objection-upheld": "Estimamos su oposición: sus datos ya no se usan para ello. Mientras se ponderaba, todo "
        "uso de sus datos estaba limitado; ese motivo ya no existe.",
        "objection-overruled": "Hemos ponderado su oposición y la desestimamos, porque prevalecen motivos imperiosos. "
        "Mientras se ponderaba, todo uso de sus datos estaba limitado; ese motivo ya no existe.",
        "decision-upheld": "Una persona ha revisado la decisión que usted impugna, y la decisión se mantiene.",
        "decision-changed": "Una persona ha revisado la decisión que usted impugna y la ha cambiado.",
        "time-extended": "Necesitamos más tiempo para responder a su solicitud del que dijimos al principio.",
        "clock-stopped": "Para seguir con su solicitud, necesitamos algo de usted. Hasta que lo tengamos, el plazo "
        "para responderle queda suspendido.",
    },
    "fr": {
        "restriction-to-be-lifted": "L’utilisation de vos données est limitée, comme vous l’avez demandé. À votre "
        "demande également, cette limitation sera bientôt levée\xa0: vos données pourront ensuite être utilisées comme "
        "auparavant.",
        "objection-upheld": "Nous retenons votre opposition\xa0: vos données ne sont plus utilisées à cette fin. "
        "Pendant son examen, toute utilisation de vos données était limitée\u202f; ce motif n’existe plus.",
        "objection-overruled": "Nous avons mis en balance votre opposition et la rejetons, car des motifs impérieux "
        "prévalent. Pendant son examen, toute utilisation de vos données était limitée\u202f; ce motif n’existe plus.",
        "decision-upheld": "Une personne a réexaminé la décision que vous contestez, et celle-ci est maintenue.",
        "decision-changed": "Une personne a réexaminé la décision que vous contestez et l’a modifiée.",
        "time-extended": "Il nous faut plus de temps pour répondre à votre demande que le délai annoncé d’abord.",
        "clock-stopped": "Pour poursuivre votre demande, nous avons besoin d’un élément de votre part. Tant que nous "
        "ne l’avons pas, le délai de notre réponse est suspendu.",
    },
}
"""What every message says first, by its kind."""

MESSAGES = tuple(TEXTS["en"])
"""Every message there is."""

STATES_COMPLAINT = frozenset({"objection-overruled", "decision-upheld"})
"""Those that have to state the right to complain and to go to court (GDPR Art. 12(4))."""

TIME_EXTENDED, CLOCK_STOPPED = "time-extended", "clock-stopped"
OF_THE_CLOCK: Mapping[str, str] = {TIME_EXTENDED: "extended", CLOCK_STOPPED: "paused"}
"""Those about the time that an answer takes (GDPR Art. 12(3)), each with the kind of event that it tells of."""

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "Your request {request}",
        "complain": "You may complain to a supervisory authority, and go to court.",
        "authority": "An authority that you may complain to: {authority}\n{web}",
        "until": "We answer by {until}.",
        "reasons": "Our reasons: {reasons}",
        "needs": "What we need: {reasons}",
        "end": "Your request {request}. You can write to us: {contact}",
    },
    "de": {
        "subject": "Ihre Anfrage {request}",
        "complain": "Sie können sich bei einer Aufsichtsbehörde beschweren und vor Gericht gehen.",
        "authority": "Eine Behörde, bei der Sie sich beschweren können: {authority}\n{web}",
        "until": "Wir antworten bis zum {until}.",
        "reasons": "Unsere Gründe: {reasons}",
        "needs": "Was wir brauchen: {reasons}",
        "end": "Ihre Anfrage {request}. Sie können uns schreiben: {contact}",
    },
    "es": {
        "subject": "Su solicitud {request}",
        "complain": "Puede reclamar ante una autoridad de control y acudir a los tribunales.",
        "authority": "Una autoridad ante la que puede reclamar: {authority}\n{web}",
        "until": "Le responderemos a más tardar el {until}.",
        "reasons": "Nuestros motivos: {reasons}",
        "needs": "Lo que necesitamos: {reasons}",
        "end": "Su solicitud {request}. Puede escribirnos: {contact}",
    },
    "fr": {
        "subject": "Votre demande {request}",
        "complain": "Vous pouvez adresser une réclamation à une autorité de contrôle et saisir la justice.",
        "authority": "Une autorité à laquelle vous pouvez adresser une réclamation\xa0: {authority}\n{web}",
        "until": "Nous répondrons au plus tard le {until}.",
        "reasons": "Nos motifs\xa0: {reasons}",
        "needs": "Ce dont nous avons besoin\xa0: {reasons}",
        "end": "Votre demande {request}. Vous pouvez nous écrire\xa0: {contact}",
    },
}
"""What the messages have in common."""
