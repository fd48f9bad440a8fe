CREATE TABLE business_contact (
    contact_id INTEGER NOT NULL,
    email VARCHAR(120),
    name VARCHAR(80),
    title VARCHAR(60),
    orgno VARCHAR(13),
    left_on DATE,
    created_at DATETIME,
    PRIMARY KEY (contact_id)
);

CREATE INDEX ix_business_contact_email ON business_contact (email);

CREATE TABLE campaign (
    campaign_id INTEGER NOT NULL,
    title VARCHAR(80) NOT NULL,
    starts_at DATETIME,
    PRIMARY KEY (campaign_id)
);

CREATE TABLE consent_event (
    event_id INTEGER NOT NULL,
    email VARCHAR(120),
    phone VARCHAR(30),
    kind VARCHAR(12) NOT NULL,
    channel VARCHAR(10),
    occurred_at DATETIME NOT NULL,
    lifted_on DATE,
    ip VARCHAR(45),
    wording VARCHAR(200),
    PRIMARY KEY (event_id)
);

CREATE INDEX ix_consent_event_email ON consent_event (email);

CREATE TABLE segment (
    segment_id INTEGER NOT NULL,
    title VARCHAR(60) NOT NULL,
    PRIMARY KEY (segment_id)
);

CREATE TABLE subscriber (
    subscriber_id INTEGER NOT NULL,
    email VARCHAR(120) NOT NULL,
    phone VARCHAR(30),
    given_name VARCHAR(40),
    birth_date DATE,
    interests VARCHAR(200),
    source VARCHAR(20) NOT NULL,
    subscribed_at DATETIME,
    PRIMARY KEY (subscriber_id),
    UNIQUE (email)
);

CREATE TABLE membership (
    segment_id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    joined_at DATETIME,
    PRIMARY KEY (segment_id, subscriber_id),
    FOREIGN KEY(segment_id) REFERENCES segment (segment_id),
    FOREIGN KEY(subscriber_id) REFERENCES subscriber (subscriber_id)
);

CREATE TABLE send (
    send_id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    sent_at DATETIME NOT NULL,
    PRIMARY KEY (send_id),
    FOREIGN KEY(subscriber_id) REFERENCES subscriber (subscriber_id),
    FOREIGN KEY(campaign_id) REFERENCES campaign (campaign_id)
);

CREATE INDEX ix_send_campaign_id ON send (campaign_id);

CREATE INDEX ix_send_subscriber_id ON send (subscriber_id);

CREATE TABLE engagement (
    send_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind VARCHAR(10) NOT NULL,
    occurred_at DATETIME NOT NULL,
    url VARCHAR(200),
    ip VARCHAR(45),
    user_agent VARCHAR(160),
    PRIMARY KEY (send_id, seq),
    FOREIGN KEY(send_id) REFERENCES send (send_id)
);
