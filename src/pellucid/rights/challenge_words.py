"""What the mail of a challenge says, in each language of notices: fixed sentences with places for names and codes."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.rights.challenged import OF_PROOF, OF_SIGN_IN
from pellucid.rights.request import Right

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "Is it you who asks about your data?",
        "asked": "Somebody, we hope you, asked {controller} {what}.",
        "code": "To show that it is you, give this code: {code}",
        "link": "To show that it is you, open this link: {link}",
        "or-link": "Or open this link, and press the button: {link}",
        "one-holds": "It holds for ten minutes, once, and {where}. "
        "Pass it on to nobody: we never ask for it on the telephone or by mail.",
        "both-hold": "They hold for ten minutes, once, and {where}. "
        "Pass neither on: we never ask for them on the telephone or by mail.",
        "otherwise": "If it was not you, you need not do anything. You can tell us: {contact}",
        "request": "for the request {id} only",
        "browser": "in the browser only in which it was asked for",
    },
    "de": {
        "subject": "Fragen Sie nach Ihren Daten?",
        "asked": "Jemand, hoffentlich Sie, möchte bei {controller} {what}.",
        "code": "Um nachzuweisen, dass Sie es sind, geben Sie diesen Code ein: {code}",
        "link": "Um nachzuweisen, dass Sie es sind, öffnen Sie diesen Link: {link}",
        "or-link": "Oder öffnen Sie diesen Link und drücken Sie den Knopf: {link}",
        "one-holds": "Er gilt zehn Minuten, nur einmal und {where}. "
        "Geben Sie ihn niemandem weiter: Wir fragen nie am Telefon oder per E-Mail danach.",
        "both-hold": "Beide gelten zehn Minuten, nur einmal und {where}. "
        "Geben Sie beide niemandem weiter: Wir fragen nie am Telefon oder per E-Mail danach.",
        "otherwise": "Wenn Sie es nicht waren, müssen Sie nichts tun. Sie können es uns sagen: {contact}",
        "request": "nur für die Anfrage {id}",
        "browser": "nur in dem Browser, in dem danach gefragt wurde",
    },
    "es": {
        "subject": "¿Es usted quien pregunta por sus datos?",
        "asked": "Alguien, esperamos que usted, ha pedido a {controller} {what}.",
        "code": "Para demostrar que es usted, introduzca este código: {code}",
        "link": "Para demostrar que es usted, abra este enlace: {link}",
        "or-link": "O abra este enlace y pulse el botón: {link}",
        "one-holds": "Vale diez minutos, una sola vez y {where}. "
        "No se lo dé a nadie: nunca lo pedimos por teléfono ni por correo.",
        "both-hold": "Valen diez minutos, una sola vez y {where}. "
        "No se los dé a nadie: nunca los pedimos por teléfono ni por correo.",
        "otherwise": "Si no fue usted, no tiene que hacer nada. Puede avisarnos: {contact}",
        "request": "solo para la solicitud {id}",
        "browser": "solo en el navegador en el que se pidió",
    },
    "fr": {
        "subject": "Est-ce vous qui demandez vos données ?",
        "asked": "Quelqu’un, nous espérons que c’est vous, a demandé à {controller} {what}.",
        "code": "Pour prouver que c’est vous, saisissez ce code\xa0: {code}",
        "link": "Pour prouver que c’est vous, ouvrez ce lien\xa0: {link}",
        "or-link": "Ou ouvrez ce lien et appuyez sur le bouton\xa0: {link}",
        "one-holds": "Il vaut dix minutes, une seule fois et {where}. "
        "Ne le donnez à personne\xa0: nous ne le demandons jamais par téléphone ni par courriel.",
        "both-hold": "Ils valent dix minutes, une seule fois et {where}. "
        "Ne les donnez à personne\xa0: nous ne les demandons jamais par téléphone ni par courriel.",
        "otherwise": "Si ce n’était pas vous, vous n’avez rien à faire. Vous pouvez nous le dire\xa0: {contact}",
        "request": "seulement pour la demande {id}",
        "browser": "seulement dans le navigateur d’où vient la demande",
    },
}

ASKED: Mapping[str, Mapping[str, str]] = {
    "en": {
        Right.ACCESS.value: "to be shown the data that we hold about you",
        Right.PORTABILITY.value: "to be given the data that we hold about you",
        Right.RECTIFICATION.value: "to have data about you corrected",
        Right.ERASURE.value: "to have the data that we hold about you erased",
        Right.RESTRICTION.value: "to have the use of your data restricted",
        Right.LIFT_RESTRICTION.value: "to have your data used again",
        Right.OBJECTION.value: "to object to a use of your data",
        Right.OPT_OUT.value: "to opt out of a use of your data",
        Right.LIMIT.value: "to limit the use of your sensitive data",
        Right.HUMAN_REVIEW.value: "to have a decision about you reviewed by a person",
        OF_PROOF: "for something in the privacy centre that matters much: to erase or to download all that we hold "
        "about you",
        OF_SIGN_IN: "to be let into the privacy centre, where your data are seen and your choices are made",
    },
    "de": {
        Right.ACCESS.value: "die Daten sehen, die über Sie vorliegen",
        Right.PORTABILITY.value: "die Daten erhalten, die über Sie vorliegen",
        Right.RECTIFICATION.value: "Daten über Sie berichtigen lassen",
        Right.ERASURE.value: "die Daten löschen lassen, die über Sie vorliegen",
        Right.RESTRICTION.value: "die Nutzung Ihrer Daten einschränken lassen",
        Right.LIFT_RESTRICTION.value: "Ihre Daten wieder nutzen lassen",
        Right.OBJECTION.value: "einer Nutzung Ihrer Daten widersprechen",
        Right.OPT_OUT.value: "eine Nutzung Ihrer Daten ablehnen",
        Right.LIMIT.value: "die Nutzung Ihrer sensiblen Daten begrenzen",
        Right.HUMAN_REVIEW.value: "eine Entscheidung über Sie von einem Menschen prüfen lassen",
        OF_PROOF: "im Datenschutz-Center etwas von großem Gewicht tun: alles löschen oder herunterladen, was über Sie "
        "vorliegt",
        OF_SIGN_IN: "in das Datenschutz-Center, wo Ihre Daten zu sehen sind und Entscheidungen getroffen werden",
    },
    "es": {
        Right.ACCESS.value: "ver los datos que tiene sobre usted",
        Right.PORTABILITY.value: "recibir los datos que tiene sobre usted",
        Right.RECTIFICATION.value: "que se rectifiquen datos sobre usted",
        Right.ERASURE.value: "que se supriman los datos que tiene sobre usted",
        Right.RESTRICTION.value: "que se limite el uso de sus datos",
        Right.LIFT_RESTRICTION.value: "que sus datos vuelvan a usarse",
        Right.OBJECTION.value: "oponerse a un uso de sus datos",
        Right.OPT_OUT.value: "excluirse de un uso de sus datos",
        Right.LIMIT.value: "limitar el uso de sus datos sensibles",
        Right.HUMAN_REVIEW.value: "que una persona revise una decisión sobre usted",
        OF_PROOF: "algo importante en el centro de privacidad: suprimir o descargar todo lo que tiene sobre usted",
        OF_SIGN_IN: "entrar en el centro de privacidad, donde se ven sus datos y se toman sus decisiones",
    },
    "fr": {
        Right.ACCESS.value: "à voir les données détenues à votre sujet",
        Right.PORTABILITY.value: "à recevoir les données détenues à votre sujet",
        Right.RECTIFICATION.value: "la rectification de données à votre sujet",
        Right.ERASURE.value: "l’effacement des données détenues à votre sujet",
        Right.RESTRICTION.value: "la limitation de l’utilisation de vos données",
        Right.LIFT_RESTRICTION.value: "que vos données soient de nouveau utilisées",
        Right.OBJECTION.value: "à s’opposer à une utilisation de vos données",
        Right.OPT_OUT.value: "à refuser une utilisation de vos données",
        Right.LIMIT.value: "à limiter l’utilisation de vos données sensibles",
        Right.HUMAN_REVIEW.value: "l’examen par une personne d’une décision à votre sujet",
        OF_PROOF: "quelque chose d’important dans le centre de confidentialité\xa0: effacer ou télécharger tout ce qui "
        "est détenu à votre sujet",
        OF_SIGN_IN: "à entrer dans le centre de confidentialité, où l’on voit vos données et fait vos choix",
    },
}
"""What was asked for, as it goes on in the sentence `asked`: by the right, or by what needs no request."""
