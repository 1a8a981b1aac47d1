"""The words of messages to people, in each language: fixed sentences with places for names, dates, counts and links.

Nothing else is ever in a message: no text of the company but its name, so that none can advertise.
"""

from __future__ import annotations

LANGUAGES = ("en", "de", "es", "fr")
FIELDS = frozenset({"controller", "contact", "link", "until", "kinds", "uses", "request", "page"})
"""What sentences have places for."""

NOTICE, EXPIRY, YEARLY, ANSWERED = "notice-changed", "consent-expiring", "yearly", "request-answered"

SUBJECTS: dict[str, dict[str, str]] = {
    "en": {
        NOTICE: "What we tell you about your data has changed",
        EXPIRY: "Something you allowed is about to end",
        YEARLY: "Your data: what we hold, and how it was used",
        ANSWERED: "Your request {request} was answered",
    },
    "de": {
        NOTICE: "Was wir Ihnen über Ihre Daten sagen, hat sich geändert",
        EXPIRY: "Etwas, das Sie erlaubt haben, läuft bald ab",
        YEARLY: "Ihre Daten: was wir haben und wie sie genutzt wurden",
        ANSWERED: "Ihre Anfrage {request} ist beantwortet",
    },
    "es": {
        NOTICE: "Ha cambiado lo que le decimos sobre sus datos",
        EXPIRY: "Algo que usted permitió está a punto de terminar",
        YEARLY: "Sus datos: qué tenemos y cómo se usaron",
        ANSWERED: "Su solicitud {request} ha sido respondida",
    },
    "fr": {
        NOTICE: "Ce que nous vous disons de vos données a changé",
        EXPIRY: "Une chose que vous avez permise va prendre fin",
        YEARLY: "Vos données : ce que nous détenons et leur utilisation",
        ANSWERED: "Votre demande {request} a reçu une réponse",
    },
}

BODIES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        NOTICE: (
            "{controller} has changed what it tells you about a use of your data since you last chose about it.",
            "What you said before holds only as far as the notice is the same. You need not do anything.",
        ),
        EXPIRY: (
            "You allowed {controller} a use of your data. That ends on {until}, and the use ends with it.",
            "You need not do anything. If you want it to go on, you would have to allow it again.",
        ),
        YEARLY: (
            "Once a year {controller} tells you what it holds about you and how it was used.",
            "Sets of data in which there is something about you: {kinds}.",
            "Uses in the last twelve months in which you could have been counted: {uses}.",
        ),
        ANSWERED: ("{controller} has answered your request {request}.",),
    },
    "de": {
        NOTICE: (
            "{controller} hat geändert, was Ihnen über eine Nutzung Ihrer Daten gesagt wird, seit Sie zuletzt darüber "
            "entschieden haben.",
            "Was Sie gesagt haben, gilt nur, soweit der Hinweis derselbe ist. Sie müssen nichts tun.",
        ),
        EXPIRY: (
            "Sie haben {controller} eine Nutzung Ihrer Daten erlaubt. Das endet am {until}, und damit die Nutzung.",
            "Sie müssen nichts tun. Soll es weitergehen, müssten Sie es noch einmal erlauben.",
        ),
        YEARLY: (
            "Einmal im Jahr sagt Ihnen {controller}, was über Sie vorliegt und wie es genutzt wurde.",
            "Datenbestände, in denen etwas über Sie steht: {kinds}.",
            "Nutzungen in den letzten zwölf Monaten, in denen Sie mitgezählt worden sein können: {uses}.",
        ),
        ANSWERED: ("{controller} hat Ihre Anfrage {request} beantwortet.",),
    },
    "es": {
        NOTICE: (
            "{controller} ha cambiado lo que le dice sobre un uso de sus datos desde la última vez que usted decidió.",
            "Lo que usted dijo vale solo en la medida en que el aviso es el mismo. No tiene que hacer nada.",
        ),
        EXPIRY: (
            "Usted permitió a {controller} un uso de sus datos. Termina el {until}, y con ello termina el uso.",
            "No tiene que hacer nada. Si quiere que continúe, tendría que permitirlo de nuevo.",
        ),
        YEARLY: (
            "Una vez al año {controller} le dice qué tiene sobre usted y cómo se usó.",
            "Conjuntos de datos en los que hay algo sobre usted: {kinds}.",
            "Usos en los últimos doce meses en los que usted pudo haber sido contado: {uses}.",
        ),
        ANSWERED: ("{controller} ha respondido a su solicitud {request}.",),
    },
    "fr": {
        NOTICE: (
            "{controller} a changé ce qui vous est dit d'une utilisation de vos données depuis votre dernier choix.",
            "Ce que vous avez dit ne vaut que dans la mesure où l'avis est le même. Vous n'avez rien à faire.",
        ),
        EXPIRY: (
            "Vous avez permis à {controller} une utilisation de vos données. Cela prend fin le {until}, et "
            "l'utilisation avec.",
            "Vous n'avez rien à faire. Pour que cela continue, il faudrait le permettre à nouveau.",
        ),
        YEARLY: (
            "Une fois par an, {controller} vous dit ce qui est détenu à votre sujet et comment cela a été utilisé.",
            "Ensembles de données où il y a quelque chose à votre sujet : {kinds}.",
            "Utilisations des douze derniers mois dans lesquelles vous avez pu être compté : {uses}.",
        ),
        ANSWERED: ("{controller} a répondu à votre demande {request}.",),
    },
}

PATHS: dict[str, str] = {NOTICE: "/notice", EXPIRY: "/choices", YEARLY: "/uses", ANSWERED: "/requests"}
"""Where a message's `page` is, below the start of the privacy centre; whose it is, is known there by signing in."""
PAGES: dict[str, dict[str, str]] = {
    "en": {
        NOTICE: "Read what is told now, and what changed: {page}",
        EXPIRY: "See your choices, once you have signed in: {page}",
        YEARLY: "See all of it, use by use, once you have signed in: {page}",
        ANSWERED: "See it, once you have signed in: {page}",
    },
    "de": {
        NOTICE: "Lesen, was jetzt gesagt wird und was sich geändert hat: {page}",
        EXPIRY: "Ihre Entscheidungen ansehen, nach der Anmeldung: {page}",
        YEARLY: "Alles ansehen, Nutzung für Nutzung, nach der Anmeldung: {page}",
        ANSWERED: "Ansehen, nach der Anmeldung: {page}",
    },
    "es": {
        NOTICE: "Lea lo que se dice ahora y lo que ha cambiado: {page}",
        EXPIRY: "Vea sus decisiones, tras identificarse: {page}",
        YEARLY: "Véalo todo, uso por uso, tras identificarse: {page}",
        ANSWERED: "Véala, tras identificarse: {page}",
    },
    "fr": {
        NOTICE: "Lire ce qui est dit maintenant, et ce qui a changé : {page}",
        EXPIRY: "Voir vos choix, après connexion : {page}",
        YEARLY: "Tout voir, utilisation par utilisation, après connexion : {page}",
        ANSWERED: "La voir, après connexion : {page}",
    },
}
"""Where more can be seen, which is left out where there is no public address."""

SEE: dict[str, tuple[str, str, str, str]] = {
    "en": (
        "Choose what you are sent, without signing in: {link}",
        "The link is yours, for 30 days. Pass it on to nobody.",
        "You can also write to {contact}.",
        "This tells you about your data only. It advertises nothing.",
    ),
    "de": (
        "Auswählen, was Sie bekommen, ohne Anmeldung: {link}",
        "Der Link gehört Ihnen und gilt 30 Tage. Geben Sie ihn niemandem.",
        "Sie können auch an {contact} schreiben.",
        "Hier geht es nur um Ihre Daten. Geworben wird für nichts.",
    ),
    "es": (
        "Elija qué recibe, sin identificarse: {link}",
        "El enlace es suyo y vale 30 días. No se lo dé a nadie.",
        "También puede escribir a {contact}.",
        "Esto trata solo de sus datos. No anuncia nada.",
    ),
    "fr": (
        "Choisir ce que vous recevez, sans connexion : {link}",
        "Le lien est à vous, pour 30 jours. Ne le donnez à personne.",
        "Vous pouvez aussi écrire à {contact}.",
        "Il ne s'agit ici que de vos données. Rien n'y est vanté.",
    ),
}
"""What every message ends with: the link, how long it holds, another way, and what this is not."""
