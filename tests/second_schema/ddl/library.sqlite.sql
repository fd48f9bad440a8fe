CREATE TABLE "user" (
    "Card No" VARCHAR(12) NOT NULL PRIMARY KEY,
    "Förnamn" VARCHAR(40),
    "Full Name" VARCHAR(60) NOT NULL,
    "e-mail" VARCHAR(100) NOT NULL UNIQUE,
    "Postnr" VARCHAR(6) NOT NULL,
    "Born" DATE,
    "joined at" TEXT NOT NULL,
    "deleted at" TEXT,
    "Guardian" VARCHAR(12) REFERENCES "user" ("Card No")
);
CREATE TABLE "order" (
    "Branch" VARCHAR(4) NOT NULL,
    "No" INTEGER NOT NULL,
    "user" VARCHAR(12) NOT NULL REFERENCES "user" ("Card No"),
    "placed by" VARCHAR(60) NOT NULL,
    "Anmärkning" TEXT,
    "Lent At" TEXT NOT NULL,
    "Returned At" TEXT,
    "is_deleted" BOOLEAN NOT NULL,
    PRIMARY KEY ("Branch", "No")
);
CREATE TABLE "order line" (
    "Branch" VARCHAR(4) NOT NULL,
    "No" INTEGER NOT NULL,
    "Line" SMALLINT NOT NULL,
    "Title" VARCHAR(80) NOT NULL,
    PRIMARY KEY ("Branch", "No", "Line"),
    FOREIGN KEY ("Branch", "No") REFERENCES "order" ("Branch", "No") ON DELETE CASCADE
);
CREATE TABLE "damage" (
    "ID" VARCHAR(36) NOT NULL PRIMARY KEY,
    "Branch" VARCHAR(4) NOT NULL,
    "No" INTEGER NOT NULL,
    "Line" SMALLINT NOT NULL,
    "What" TEXT NOT NULL,
    "Settled On" DATE,
    FOREIGN KEY ("Branch", "No", "Line") REFERENCES "order line" ("Branch", "No", "Line") ON DELETE CASCADE
);
CREATE TABLE "Gebühr" (
    "ID" VARCHAR(20) NOT NULL PRIMARY KEY,
    "Branch" VARCHAR(4) NOT NULL,
    "No" INTEGER NOT NULL,
    "Fällig" DATE NOT NULL,
    "Status" VARCHAR(8) NOT NULL,
    "Grund" VARCHAR(80) NOT NULL,
    "Discount %" INTEGER,
    FOREIGN KEY ("Branch", "No") REFERENCES "order" ("Branch", "No")
);
CREATE TABLE "payment" (
    "Fee" VARCHAR(20) NOT NULL REFERENCES "Gebühr" ("ID"),
    "Part" INTEGER NOT NULL,
    "Paid At" TEXT NOT NULL,
    "Payer" VARCHAR(60),
    PRIMARY KEY ("Fee", "Part")
);
