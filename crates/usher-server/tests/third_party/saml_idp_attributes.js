// The one viewer of npm `saml-idp`, and what is told of them.

module.exports = {
  user: {
    userName: 'bob@provider.example',
    nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    householdID: 'hh-2',
    zip: '80202',
    authorized_resources: 'acme-one,acme-sports',
  },
  metadata: [
    { id: 'householdID', optional: false, displayName: 'Household', multiValue: false },
    { id: 'zip', optional: false, displayName: 'Zip', multiValue: false },
    { id: 'authorized_resources', optional: false, displayName: 'Channels', multiValue: true },
  ],
};
