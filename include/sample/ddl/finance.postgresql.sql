CREATE TABLE debtor (
    debtor_id INTEGER NOT NULL,
    debtor_no VARCHAR(20) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    customer_no VARCHAR(20),
    pnr VARCHAR(13),
    orgno VARCHAR(13),
    name VARCHAR(120) NOT NULL,
    street VARCHAR(80),
    postcode VARCHAR(6),
    city VARCHAR(40),
    email VARCHAR(120),
    phone VARCHAR(30),
    bank_account VARCHAR(34),
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (debtor_id),
    UNIQUE (debtor_no)
);

CREATE INDEX ix_debtor_customer_no ON debtor (customer_no);

CREATE TABLE fiscal_year (
    fiscal_year_id INTEGER NOT NULL,
    label VARCHAR(20) NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    PRIMARY KEY (fiscal_year_id)
);

CREATE TABLE voucher_series (
    series_id INTEGER NOT NULL,
    code VARCHAR(2) NOT NULL,
    title VARCHAR(40) NOT NULL,
    PRIMARY KEY (series_id),
    UNIQUE (code)
);

CREATE TABLE invoice (
    invoice_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    invoice_no INTEGER NOT NULL,
    debtor_id INTEGER,
    fiscal_year_id INTEGER,
    invoice_date VARCHAR(20),
    due_on DATE,
    paid_on DATE,
    status VARCHAR(12) NOT NULL,
    buyer VARCHAR(10) NOT NULL,
    vat_scheme VARCHAR(10) NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    customer_no VARCHAR(20),
    pnr VARCHAR(13),
    orgno VARCHAR(13),
    recipient_name VARCHAR(120),
    street VARCHAR(80),
    postcode VARCHAR(6),
    city VARCHAR(40),
    email VARCHAR(120),
    your_reference VARCHAR(80),
    bank_account VARCHAR(34),
    private_note TEXT,
    PRIMARY KEY (invoice_id),
    CONSTRAINT invoice_number UNIQUE (series_id, invoice_no),
    FOREIGN KEY(series_id) REFERENCES voucher_series (series_id),
    FOREIGN KEY(debtor_id) REFERENCES debtor (debtor_id) ON DELETE CASCADE,
    FOREIGN KEY(fiscal_year_id) REFERENCES fiscal_year (fiscal_year_id)
);

CREATE INDEX ix_invoice_customer_no ON invoice (customer_no);

CREATE INDEX ix_invoice_debtor_id ON invoice (debtor_id);

CREATE INDEX ix_invoice_fiscal_year_id ON invoice (fiscal_year_id);

CREATE INDEX ix_invoice_series_id ON invoice (series_id);

CREATE TABLE claim (
    claim_id INTEGER NOT NULL,
    invoice_id INTEGER,
    customer_no VARCHAR(20),
    direction VARCHAR(12) NOT NULL,
    status VARCHAR(10) NOT NULL,
    opened_on DATE,
    closed_on DATE,
    arose_on DATE,
    sold_to VARCHAR(80),
    description TEXT,
    PRIMARY KEY (claim_id),
    FOREIGN KEY(invoice_id) REFERENCES invoice (invoice_id)
);

CREATE INDEX ix_claim_invoice_id ON claim (invoice_id);

CREATE TABLE credit_note (
    credit_note_id INTEGER NOT NULL,
    invoice_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    credit_no INTEGER NOT NULL,
    booked_on DATE NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    recipient_name VARCHAR(120),
    cause TEXT,
    PRIMARY KEY (credit_note_id),
    CONSTRAINT credit_note_number UNIQUE (series_id, credit_no),
    FOREIGN KEY(invoice_id) REFERENCES invoice (invoice_id),
    FOREIGN KEY(series_id) REFERENCES voucher_series (series_id)
);

CREATE INDEX ix_credit_note_invoice_id ON credit_note (invoice_id);

CREATE INDEX ix_credit_note_series_id ON credit_note (series_id);

CREATE TABLE invoice_line (
    invoice_id INTEGER NOT NULL,
    line_no INTEGER NOT NULL,
    description TEXT,
    quantity INTEGER NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    PRIMARY KEY (invoice_id, line_no),
    FOREIGN KEY(invoice_id) REFERENCES invoice (invoice_id)
);

CREATE TABLE payment (
    payment_id INTEGER NOT NULL,
    invoice_id INTEGER,
    booked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    payer_name VARCHAR(120),
    payer_account VARCHAR(34),
    message VARCHAR(140),
    PRIMARY KEY (payment_id),
    FOREIGN KEY(invoice_id) REFERENCES invoice (invoice_id)
);

CREATE INDEX ix_payment_invoice_id ON payment (invoice_id);

CREATE TABLE reminder (
    reminder_id INTEGER NOT NULL,
    invoice_id INTEGER NOT NULL,
    kind VARCHAR(10) NOT NULL,
    sent_on DATE NOT NULL,
    sent_to VARCHAR(160),
    letter TEXT,
    PRIMARY KEY (reminder_id),
    FOREIGN KEY(invoice_id) REFERENCES invoice (invoice_id)
);

CREATE INDEX ix_reminder_invoice_id ON reminder (invoice_id);
