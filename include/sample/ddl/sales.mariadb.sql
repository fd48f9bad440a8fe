CREATE TABLE company (
    company_id INTEGER NOT NULL,
    orgno VARCHAR(13),
    legal_form VARCHAR(4) NOT NULL,
    name VARCHAR(120) NOT NULL,
    street VARCHAR(80),
    postcode VARCHAR(6),
    city VARCHAR(40),
    phone VARCHAR(30),
    email VARCHAR(120),
    merged_into_id INTEGER,
    created_on DATE,
    PRIMARY KEY (company_id),
    FOREIGN KEY(merged_into_id) REFERENCES company (company_id)
);

CREATE INDEX ix_company_merged_into_id ON company (merged_into_id);

CREATE TABLE customer (
    customer_id INTEGER NOT NULL,
    customer_no VARCHAR(40) NOT NULL,
    pnr VARCHAR(13),
    given_name VARCHAR(40) NOT NULL,
    family_name VARCHAR(40) NOT NULL,
    birth_date DATE,
    street VARCHAR(80),
    postcode VARCHAR(6),
    city VARCHAR(40),
    phone VARCHAR(30),
    email VARCHAR(120),
    protected_identity BOOL NOT NULL,
    interests VARCHAR(200),
    payment_token VARCHAR(64),
    credit_limit INTEGER,
    last_login_ip VARCHAR(45),
    last_login_at DATETIME,
    registered_on DATE,
    deceased_on DATE,
    is_test BOOL NOT NULL,
    deleted_at DATETIME,
    PRIMARY KEY (customer_id),
    UNIQUE (customer_no)
);

CREATE INDEX ix_customer_email ON customer (email);

CREATE TABLE lead (
    lead_id INTEGER NOT NULL,
    name VARCHAR(80) NOT NULL,
    company_name VARCHAR(120),
    email VARCHAR(120),
    phone VARCHAR(30),
    pnr VARCHAR(13),
    customer_no VARCHAR(20),
    source_list VARCHAR(60),
    score INTEGER,
    status VARCHAR(10) NOT NULL,
    created_on DATE NOT NULL,
    closed_on DATE,
    converted_on DATE,
    deleted_at DATETIME,
    PRIMARY KEY (lead_id)
);

CREATE TABLE credit_check (
    check_id INTEGER NOT NULL,
    customer_id INTEGER,
    lead_id INTEGER,
    completed_on DATE,
    decision VARCHAR(10),
    score INTEGER,
    report_text TEXT,
    decided_by VARCHAR(20),
    PRIMARY KEY (check_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(lead_id) REFERENCES lead (lead_id)
);

CREATE INDEX ix_credit_check_customer_id ON credit_check (customer_id);

CREATE INDEX ix_credit_check_lead_id ON credit_check (lead_id);

CREATE TABLE dialogue_entry (
    entry_id INTEGER NOT NULL,
    lead_id INTEGER NOT NULL,
    occurred_at DATETIME NOT NULL,
    kind VARCHAR(20) NOT NULL,
    two_way BOOL NOT NULL,
    note TEXT,
    PRIMARY KEY (entry_id),
    FOREIGN KEY(lead_id) REFERENCES lead (lead_id)
);

CREATE INDEX ix_dialogue_entry_lead_id ON dialogue_entry (lead_id);

CREATE TABLE meeting (
    meeting_id INTEGER NOT NULL,
    lead_id INTEGER NOT NULL,
    starts_at DATETIME NOT NULL,
    place VARCHAR(120),
    agenda TEXT,
    PRIMARY KEY (meeting_id),
    FOREIGN KEY(lead_id) REFERENCES lead (lead_id)
);

CREATE INDEX ix_meeting_lead_id ON meeting (lead_id);

CREATE TABLE note (
    note_id INTEGER NOT NULL,
    customer_id INTEGER,
    company_id INTEGER,
    lead_id INTEGER,
    `body` TEXT,
    author VARCHAR(20),
    created_at DATETIME,
    PRIMARY KEY (note_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(company_id) REFERENCES company (company_id),
    FOREIGN KEY(lead_id) REFERENCES lead (lead_id)
);

CREATE INDEX ix_note_company_id ON note (company_id);

CREATE INDEX ix_note_customer_id ON note (customer_id);

CREATE INDEX ix_note_lead_id ON note (lead_id);

CREATE TABLE `order` (
    order_id INTEGER NOT NULL,
    order_no VARCHAR(40) NOT NULL,
    customer_id INTEGER,
    company_id INTEGER,
    placed_at DATETIME NOT NULL,
    status VARCHAR(10) NOT NULL,
    closed_on DATE,
    ship_name VARCHAR(80),
    ship_street VARCHAR(80),
    ship_postcode VARCHAR(6),
    ship_city VARCHAR(40),
    gift_name VARCHAR(80),
    gift_street VARCHAR(80),
    gift_postcode VARCHAR(6),
    gift_city VARCHAR(40),
    gift_phone VARCHAR(30),
    gift_message TEXT,
    total NUMERIC(12, 2) NOT NULL,
    PRIMARY KEY (order_id),
    UNIQUE (order_no),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(company_id) REFERENCES company (company_id)
);

CREATE INDEX ix_order_company_id ON `order` (company_id);

CREATE INDEX ix_order_customer_id ON `order` (customer_id);

CREATE TABLE representative (
    representative_id INTEGER NOT NULL,
    company_id INTEGER NOT NULL,
    name VARCHAR(80) NOT NULL,
    title VARCHAR(60),
    email VARCHAR(120),
    phone VARCHAR(30),
    interests VARCHAR(200),
    started_on DATE,
    ended_on DATE,
    PRIMARY KEY (representative_id),
    FOREIGN KEY(company_id) REFERENCES company (company_id)
);

CREATE INDEX ix_representative_company_id ON representative (company_id);

CREATE TABLE web_login (
    login_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    logged_at DATETIME NOT NULL,
    ip VARCHAR(45),
    path VARCHAR(200),
    user_agent VARCHAR(160),
    PRIMARY KEY (login_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_web_login_customer_id ON web_login (customer_id);

CREATE TABLE contract (
    contract_id INTEGER NOT NULL,
    customer_id INTEGER,
    company_id INTEGER,
    representative_id INTEGER,
    kind VARCHAR(12) NOT NULL,
    status VARCHAR(10) NOT NULL,
    signatory_name VARCHAR(80),
    started_on DATE,
    ended_on DATE,
    last_activity_on DATE,
    auto_renews BOOL NOT NULL,
    monthly_fee NUMERIC(10, 2) NOT NULL,
    PRIMARY KEY (contract_id),
    CONSTRAINT contract_kind CHECK (kind IN ('subscription', 'framework')),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(company_id) REFERENCES company (company_id),
    FOREIGN KEY(representative_id) REFERENCES representative (representative_id)
);

CREATE INDEX ix_contract_company_id ON contract (company_id);

CREATE INDEX ix_contract_customer_id ON contract (customer_id);

CREATE INDEX ix_contract_representative_id ON contract (representative_id);

CREATE TABLE delivery (
    delivery_id INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    product VARCHAR(80) NOT NULL,
    product_class VARCHAR(12) NOT NULL,
    own_brand BOOL NOT NULL,
    buyer VARCHAR(10) NOT NULL,
    delivered_on DATE NOT NULL,
    guarantee_until DATE,
    circulated_on DATE,
    serial_no VARCHAR(30),
    received_by VARCHAR(80),
    PRIMARY KEY (delivery_id),
    FOREIGN KEY(order_id) REFERENCES `order` (order_id)
);

CREATE INDEX ix_delivery_order_id ON delivery (order_id);

CREATE TABLE id_document (
    document_id VARCHAR(40) NOT NULL,
    customer_id INTEGER NOT NULL,
    credit_check_id INTEGER,
    kind VARCHAR(20) NOT NULL,
    file_path VARCHAR(120),
    scanned_on DATE,
    PRIMARY KEY (document_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(credit_check_id) REFERENCES credit_check (check_id)
);

CREATE INDEX ix_id_document_credit_check_id ON id_document (credit_check_id);

CREATE INDEX ix_id_document_customer_id ON id_document (customer_id);

CREATE TABLE privacy_request (
    request_id INTEGER NOT NULL,
    customer_id INTEGER,
    lead_id INTEGER,
    representative_id INTEGER,
    email VARCHAR(120),
    kind VARCHAR(20) NOT NULL,
    channel VARCHAR(10),
    received_at DATETIME NOT NULL,
    closed_on DATE,
    revoked_on DATE,
    message TEXT,
    PRIMARY KEY (request_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(lead_id) REFERENCES lead (lead_id),
    FOREIGN KEY(representative_id) REFERENCES representative (representative_id)
);

CREATE INDEX ix_privacy_request_customer_id ON privacy_request (customer_id);

CREATE INDEX ix_privacy_request_lead_id ON privacy_request (lead_id);

CREATE INDEX ix_privacy_request_representative_id ON privacy_request (representative_id);

CREATE TABLE support_case (
    case_id INTEGER NOT NULL,
    customer_id INTEGER,
    order_id INTEGER,
    delivery_id INTEGER,
    contact_name VARCHAR(80),
    contact_email VARCHAR(120),
    kind VARCHAR(12) NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    description TEXT,
    PRIMARY KEY (case_id),
    FOREIGN KEY(customer_id) REFERENCES customer (customer_id),
    FOREIGN KEY(order_id) REFERENCES `order` (order_id),
    FOREIGN KEY(delivery_id) REFERENCES delivery (delivery_id)
);

CREATE INDEX ix_support_case_customer_id ON support_case (customer_id);

CREATE INDEX ix_support_case_delivery_id ON support_case (delivery_id);

CREATE INDEX ix_support_case_order_id ON support_case (order_id);
