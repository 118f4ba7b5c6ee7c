"""What a made-up company is made of: places, names, departments, skills. Order matters: popular first."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """A place of work: its share of the company, its time zone, and whom and what one hears there."""

    city: str
    timezone: str
    share: int
    names: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Department:
    """A branch of the organisation: its share of the company, what people in it are called and good at."""

    name: str
    share: int
    span: int
    """People per manager."""
    professions: tuple[str, ...]
    skills: tuple[str, ...]


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


SITES = (
    Site("Berlin", "Europe/Berlin", 18, "german", ("de", "en")),
    Site("London", "Europe/London", 14, "english", ("en",)),
    Site("New York", "America/New_York", 14, "english", ("en",)),
    Site("Bengaluru", "Asia/Kolkata", 13, "indian", ("en", "hi", "kn")),
    Site("San Francisco", "America/Los_Angeles", 8, "english", ("en",)),
    Site("Paris", "Europe/Paris", 7, "french", ("fr", "en")),
    Site("Warsaw", "Europe/Warsaw", 6, "polish", ("pl", "en")),
    Site("São Paulo", "America/Sao_Paulo", 5, "portuguese", ("pt", "en")),
    Site("Madrid", "Europe/Madrid", 4, "spanish", ("es", "en")),
    Site("Tokyo", "Asia/Tokyo", 4, "japanese", ("ja", "en")),
    Site("Singapore", "Asia/Singapore", 3, "chinese", ("en", "zh")),
    Site("Nairobi", "Africa/Nairobi", 2, "kenyan", ("en", "sw")),
    Site("Istanbul", "Europe/Istanbul", 1, "turkish", ("tr", "en")),
    Site("Sydney", "Australia/Sydney", 1, "english", ("en",)),
)

# Given names, then family names.
NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "german": (
        _list(
            "Anna, Lukas, Lena, Jonas, Mia, Felix, Hannah, Paul, Sophie, Maximilian, Jörg, Käthe, Björn, Ulrike, Günter"
        ),
        _list(
            "Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Becker, Hoffmann, Schäfer, Koch, "
            "Krüger, von Stein, Böhm, Vogel, Lehmann-Groß"
        ),
    ),
    "english": (
        _list(
            "Olivia, James, Emma, William, Ava, Noah, Grace, Henry, Zoe, Jack, Maya, Owen, Ruby, Caleb, Imogen, Marcus"
        ),
        _list(
            "Smith, Jones, Taylor, Brown, Williams, Wilson, Johnson, Davies, O'Brien, Robinson, "
            "Wright, Thompson, Walker, Clarke, Okafor, Fitzgerald"
        ),
    ),
    "indian": (
        _list(
            "Aarav, Priya, Rohan, Ananya, Vikram, Diya, Arjun, Kavya, Sanjay, Meera, Rahul, Ishita, Karthik, Lakshmi"
        ),
        _list(
            "Sharma, Patel, Reddy, Iyer, Singh, Gupta, Rao, Nair, Kulkarni, Desai, Banerjee, Menon, Hegde, Chowdhury"
        ),
    ),
    "french": (
        _list("Camille, Louis, Chloé, Hugo, Inès, Théo, Manon, Jean-Luc, Zoé, Rémi, Aïcha, Benoît"),
        _list("Martin, Bernard, Dubois, Durand, Lefèvre, Moreau, Girard, Rousseau, Benali, Le Goff"),
    ),
    "polish": (
        _list("Zofia, Jakub, Maja, Antoni, Hanna, Szymon, Agnieszka, Paweł, Łukasz, Małgorzata, Krzysztof, Ewa"),
        _list("Nowak, Kowalski, Wiśniewski, Wójcik, Kamiński, Lewandowski, Zieliński, Szymański, Dąbrowski, Król"),
    ),
    "portuguese": (
        _list("Ana, João, Maria, Pedro, Beatriz, Lucas, Júlia, Rafael, Letícia, Thiago, Conceição, Gustavo"),
        _list("Silva, Santos, Oliveira, Souza, Lima, Pereira, Ferreira, Araújo, da Costa, Gonçalves"),
    ),
    "spanish": (
        _list("Lucía, Mateo, Sofía, Daniel, Carmen, Álvaro, Elena, José María, Nuria, Íñigo, Pilar"),
        _list("García, Fernández, González, Rodríguez, López, Martínez, Sánchez, Ruiz, Núñez, de la Cruz"),
    ),
    "japanese": (
        _list("Haruto, Yui, Sota, Aoi, Ren, Hina, Yuto, Sakura, Daiki, Akari, Kenji, Naoko"),
        _list("Sato, Suzuki, Takahashi, Tanaka, Watanabe, Ito, Yamamoto, Nakamura, Kobayashi, Kato, Ōno, Yoshida"),
    ),
    "chinese": (
        _list("Wei, Mei Ling, Jun, Xiu, Hao, Li Na, Zhi Hao, Hui Min, Kai, Yan"),
        _list("Tan, Lim, Lee, Ng, Wong, Chen, Goh, Chua, Ong, Koh"),
    ),
    "kenyan": (
        _list("Wanjiru, Otieno, Achieng, Kamau, Njeri, Kiprop, Akinyi, Mutua, Faith, Brian"),
        _list("Odhiambo, Mwangi, Wambui, Kimani, Ochieng, Chebet, Njoroge, Kiplagat, Muthoni, Omondi"),
    ),
    "turkish": (
        _list("Ayşe, Mehmet, Elif, Mustafa, Zeynep, Emre, Gül, Çağlar, Şule, İbrahim"),
        _list("Yılmaz, Kaya, Demir, Çelik, Şahin, Öztürk, Aydın, Arslan, Doğan, Güneş"),
    ),
}

DEPARTMENTS = (
    Department(
        "Engineering",
        34,
        8,
        _list("Software Engineer, Site Reliability Engineer, Quality Engineer, Mobile Engineer, Security Engineer"),
        _list(
            "Python, Kubernetes, SQL, Code Review, System Design, TypeScript, Go, AWS, CI/CD, Java, Observability, "
            "Distributed Systems, Terraform, React, Rust, Threat Modelling, GraphQL, Performance Tuning, Kafka, "
            "Accessibility, Swift, Kotlin, Compilers"
        ),
    ),
    Department(
        "Sales",
        17,
        9,
        _list("Account Executive, Sales Development Representative, Solutions Engineer, Account Manager"),
        _list(
            "Negotiation, Prospecting, CRM, Presentations, Forecasting, Solution Selling, Contract Basics, Territory "
            "Planning, Partner Sales, Tender Writing, Channel Management"
        ),
    ),
    Department(
        "Customer Success",
        12,
        9,
        _list("Customer Success Manager, Support Engineer, Implementation Consultant"),
        _list(
            "Customer Communication, Troubleshooting, Onboarding, De-escalation, SQL, Workshop Facilitation, Renewals, "
            "Technical Writing, Change Management, Data Migration"
        ),
    ),
    Department(
        "Product and Design",
        9,
        6,
        _list("Product Manager, Product Designer, User Researcher, Content Designer"),
        _list(
            "User Research, Roadmapping, Prototyping, Figma, A/B Testing, Prioritisation, Interaction Design, Product "
            "Analytics, Service Design, Design Systems, Pricing"
        ),
    ),
    Department(
        "Operations",
        9,
        10,
        _list("Operations Specialist, Supply Chain Analyst, Facilities Coordinator, Logistics Planner"),
        _list(
            "Process Improvement, Excel, Vendor Management, Inventory Planning, Lean, Six Sigma, Health and Safety, "
            "Procurement, Customs, Capacity Planning"
        ),
    ),
    Department(
        "Marketing",
        6,
        7,
        _list("Marketing Manager, Content Strategist, Brand Designer, Growth Analyst"),
        _list(
            "Copywriting, SEO, Campaign Planning, Brand Strategy, Marketing Analytics, Social Media, Event Planning, "
            "Public Relations, Video Production, Market Research"
        ),
    ),
    Department(
        "Data and Research",
        5,
        6,
        _list("Data Scientist, Data Engineer, Machine Learning Engineer, Analyst"),
        _list(
            "Python, SQL, Statistics, Machine Learning, Data Visualisation, dbt, Experiment Design, Spark, Natural "
            "Language Processing, Causal Inference, Bayesian Methods, Graph Theory"
        ),
    ),
    Department(
        "Finance and Legal",
        5,
        7,
        _list("Financial Analyst, Accountant, Legal Counsel, Controller, Compliance Officer"),
        _list(
            "Excel, Budgeting, Financial Modelling, Contract Law, Data Protection, IFRS, Audit, Tax, Risk Management, "
            "Treasury, Mergers and Acquisitions, Export Control"
        ),
    ),
    Department(
        "People",
        3,
        7,
        _list("People Partner, Recruiter, Learning Specialist, Compensation Analyst"),
        _list(
            "Interviewing, Coaching, Employment Law, Conflict Resolution, Learning Design, Compensation, Inclusion, "
            "Workforce Planning, Employer Branding"
        ),
    ),
)

GENERAL_SKILLS = _list(
    "Communication, Project Management, Public Speaking, Mentoring, Time Management, Giving Feedback, Leadership, "
    "Stakeholder Management, Facilitation, Strategic Thinking, Writing, Delegation, Hiring, Agile, Decision Making, "
    "Intercultural Communication, Storytelling, Budget Responsibility, Networking, Remote Collaboration, Systems "
    "Thinking, Crisis Management, Board Reporting, Sign Language"
)

INTERESTS = _list(
    "career growth, leadership, public speaking, technical depth, work-life balance, changing departments, artificial "
    "intelligence, entrepreneurship, inclusion, sustainability, writing, working abroad, "
    "returning from parental leave, open source, teaching, patents, volunteering, retirement planning"
)

FURTHER_LANGUAGES = _list("en, es, fr, de, pt, zh, hi, ar, it, ja, ru, nl, pl, tr, ko, sv")

RANKS = ("Junior ", "", "", "Senior ", "Staff ", "Principal ")
"""What stands before the profession of somebody without reports, by level 1 to 6."""
