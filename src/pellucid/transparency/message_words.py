"""The words of messages to people, in each language: fixed sentences with places for names, dates, counts and links.

Nothing else is ever in a message: no text of the company but its name, so that none can advertise; and, of a notice
that was published, what differs in it from the one before, which everybody can read.
"""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "de", "es", "fr")
FIELDS = frozenset(
    {
        *("controller", "contact", "link", "until", "kinds", "uses", "purposes", "refused", "request", "page"),
        *("centre", "change", "more"),
    }
)
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
        YEARLY: "Ce que nous détenons à votre sujet, et comment cela a été utilisé",
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
            "Purposes of these uses: {purposes}.",
            "Uses in the same time that were refused, before any data were read: {refused}.",
        ),
        ANSWERED: ("{controller} has answered your request {request}.",),
    },
    "de": {
        NOTICE: (
            "{controller} hat geändert, was Ihnen über eine Nutzung Ihrer Daten gesagt wird, seit Sie zuletzt darüber "
            "entschieden haben.",
            "Was Sie gesagt haben, gilt nur, soweit die Hinweise dieselben sind. Sie müssen nichts tun.",
        ),
        EXPIRY: (
            "Sie haben {controller} eine Nutzung Ihrer Daten erlaubt. Die Erlaubnis endet am {until}, und mit ihr die "
            "Nutzung.",
            "Sie müssen nichts tun. Wenn es weitergehen soll, müssten Sie es noch einmal erlauben.",
        ),
        YEARLY: (
            "Einmal im Jahr sagt Ihnen {controller}, was über Sie vorliegt und wie es genutzt wurde.",
            "Datenbestände, in denen etwas über Sie steht: {kinds}.",
            "Nutzungen in den letzten zwölf Monaten, in denen Sie mitgezählt worden sein können: {uses}.",
            "Zwecke dieser Nutzungen: {purposes}.",
            "Nutzungen, die in derselben Zeit abgelehnt wurden, bevor Daten gelesen wurden: {refused}.",
        ),
        ANSWERED: ("{controller} hat Ihre Anfrage {request} beantwortet.",),
    },
    "es": {
        NOTICE: (
            "{controller} ha cambiado lo que le dice sobre un uso de sus datos desde la última vez que usted decidió.",
            "Lo que usted dijo solo vale en la medida en que el aviso sea el mismo. No tiene que hacer nada.",
        ),
        EXPIRY: (
            "Usted permitió a {controller} un uso de sus datos. Ese permiso termina el {until} y, con él, el uso.",
            "No tiene que hacer nada. Si quiere que el uso continúe, tendría que permitirlo de nuevo.",
        ),
        YEARLY: (
            "Una vez al año, {controller} le dice qué tiene sobre usted y cómo se usó.",
            "Conjuntos de datos en los que hay algo sobre usted: {kinds}.",
            "Usos de los últimos doce meses en los que sus datos pudieron contarse: {uses}.",
            "Finalidades de estos usos: {purposes}.",
            "Usos rechazados en el mismo periodo, antes de que se leyera ningún dato: {refused}.",
        ),
        ANSWERED: ("{controller} ha respondido a su solicitud {request}.",),
    },
    "fr": {
        NOTICE: (
            "{controller} a changé ce qui vous est dit d’une utilisation de vos données depuis votre dernier choix.",
            "Ce que vous avez dit ne vaut que dans la mesure où la notice est la même. Vous n’avez rien à faire.",
        ),
        EXPIRY: (
            "Vous avez permis à {controller} une utilisation de vos données. Cette permission prend fin le {until}, et "
            "l’utilisation avec elle.",
            "Vous n’avez rien à faire. Pour que l’utilisation continue, il faudrait la permettre de nouveau.",
        ),
        YEARLY: (
            "Une fois par an, {controller} vous dit ce qui est détenu à votre sujet et comment cela a été utilisé.",
            "Jeux de données où il y a quelque chose à votre sujet\xa0: {kinds}.",
            "Utilisations des douze derniers mois dans lesquelles vos données ont pu être comptées\xa0: {uses}.",
            "Finalités de ces utilisations\xa0: {purposes}.",
            "Utilisations refusées pendant la même période, avant toute lecture de données\xa0: {refused}.",
        ),
        ANSWERED: ("{controller} a répondu à votre demande {request}.",),
    },
}


@dataclass(frozen=True, slots=True)
class NewsWords:
    """What everybody is told of a publication: that it is, each difference, how many more there are; what holds for
    whoever said yes to other words; and what everybody can do.
    """

    begins: str
    changed: str
    change: str
    more: str
    said: str
    can: tuple[str, str]


NEWS: dict[str, NewsWords] = {
    "en": NewsWords(
        "{controller} has changed its privacy notice. You get this because it holds data about you.",
        "What is different now:",
        "– {change}",
        "More changes that stand in the notice: {more}.",
        "You said yes to a use of your data that is told in other words now. What you said before holds only as far as "
        "the notice is the same.",
        (
            "You need not do anything. You can ask for a copy of your data, have them corrected or erased, object to "
            "their use, or change what you allow.",
            "All of that is here, once you have signed in: {centre}",
        ),
    ),
    "de": NewsWords(
        "{controller} hat die Datenschutzhinweise geändert. Sie bekommen diese Nachricht, weil dort Daten über Sie "
        "vorliegen.",
        "Das ist jetzt anders:",
        "– {change}",
        "Weitere Änderungen, die in den Hinweisen stehen: {more}.",
        "Sie haben eine Nutzung Ihrer Daten erlaubt, die jetzt mit anderen Worten beschrieben wird. Was Sie gesagt "
        "haben, gilt nur, soweit die Hinweise dieselben sind.",
        (
            "Sie müssen nichts tun. Sie können eine Kopie Ihrer Daten verlangen, sie berichtigen oder löschen lassen, "
            "der Nutzung widersprechen oder ändern, was Sie erlauben.",
            "All das finden Sie hier, nach der Anmeldung: {centre}",
        ),
    ),
    "es": NewsWords(
        "{controller} ha cambiado su aviso de privacidad. Recibe este mensaje porque tiene datos sobre usted.",
        "Lo que ahora es distinto:",
        "– {change}",
        "En el aviso hay más cambios: {more}.",
        "Usted permitió un uso de sus datos que ahora se explica con otras palabras. Lo que usted dijo solo vale en la "
        "medida en que el aviso sea el mismo.",
        (
            "No tiene que hacer nada. Puede pedir una copia de sus datos, hacer que se corrijan o se supriman, "
            "oponerse a su uso o cambiar lo que permite.",
            "Todo ello está aquí, tras iniciar sesión: {centre}",
        ),
    ),
    "fr": NewsWords(
        "{controller} a changé sa notice de confidentialité. Vous recevez ce message parce que des données à votre "
        "sujet y sont détenues.",
        "Ce qui est différent maintenant\xa0:",
        "– {change}",
        "Autres changements, à lire dans la notice\xa0: {more}.",
        "Vous avez permis une utilisation de vos données qui est maintenant décrite autrement. Ce que vous avez dit ne "
        "vaut que dans la mesure où la notice est la même.",
        (
            "Vous n’avez rien à faire. Vous pouvez demander une copie de vos données, les faire corriger ou effacer, "
            "vous opposer à leur utilisation ou changer ce que vous permettez.",
            "Tout cela se trouve ici, après connexion\xa0: {centre}",
        ),
    ),
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
        NOTICE: "Was jetzt gesagt wird und was sich geändert hat, lesen Sie hier: {page}",
        EXPIRY: "Ihre Entscheidungen sehen Sie nach der Anmeldung: {page}",
        YEARLY: "Alles sehen Sie nach der Anmeldung, Nutzung für Nutzung: {page}",
        ANSWERED: "Die Antwort sehen Sie nach der Anmeldung: {page}",
    },
    "es": {
        NOTICE: "Lea lo que se dice ahora y lo que ha cambiado: {page}",
        EXPIRY: "Vea sus decisiones, tras iniciar sesión: {page}",
        YEARLY: "Véalo todo, uso por uso, tras iniciar sesión: {page}",
        ANSWERED: "Vea la respuesta, tras iniciar sesión: {page}",
    },
    "fr": {
        NOTICE: "Lire ce qui est dit maintenant, et ce qui a changé\xa0: {page}",
        EXPIRY: "Voir vos choix, après connexion\xa0: {page}",
        YEARLY: "Tout voir, utilisation par utilisation, après connexion\xa0: {page}",
        ANSWERED: "Voir la réponse, après connexion\xa0: {page}",
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
        "Was Sie bekommen, wählen Sie ohne Anmeldung hier aus: {link}",
        "Der Link ist nur für Sie und gilt 30 Tage. Geben Sie ihn niemandem weiter.",
        "Sie können auch an {contact} schreiben.",
        "Hier geht es nur um Ihre Daten. Es wird für nichts geworben.",
    ),
    "es": (
        "Elija qué recibe, sin iniciar sesión: {link}",
        "El enlace es solo para usted y vale 30 días. No se lo dé a nadie.",
        "También puede escribir a {contact}.",
        "Este mensaje trata solo de sus datos. No anuncia nada.",
    ),
    "fr": (
        "Choisir ce que vous recevez, sans connexion\xa0: {link}",
        "Le lien est pour vous uniquement et vaut 30 jours. Ne le donnez à personne.",
        "Vous pouvez aussi écrire à {contact}.",
        "Il ne s’agit ici que de vos données. Ce message ne fait de publicité pour rien.",
    ),
}
"""What every message ends with: the link, how long it holds, another way, and what this is not."""
