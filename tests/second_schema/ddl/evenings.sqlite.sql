CREATE TABLE "group" (
    "Code" VARCHAR(10) NOT NULL PRIMARY KEY,
    "Title" VARCHAR(40) NOT NULL
);
CREATE TABLE "Evening" (
    "evening id" INTEGER NOT NULL PRIMARY KEY,
    "group" VARCHAR(10) NOT NULL REFERENCES "group" ("Code"),
    "Starts" TEXT NOT NULL
);
CREATE TABLE "Guest" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "E-Mail" VARCHAR(100) NOT NULL UNIQUE,
    "Name" VARCHAR(60),
    "Opted Out" TEXT,
    "Opted In" TEXT
);
CREATE TABLE "Seat" (
    "evening id" INTEGER NOT NULL REFERENCES "Evening" ("evening id"),
    "guest" INTEGER NOT NULL REFERENCES "Guest" ("id") ON DELETE CASCADE,
    "Wish" TEXT,
    PRIMARY KEY ("evening id", "guest")
);
