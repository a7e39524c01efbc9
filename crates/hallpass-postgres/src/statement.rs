use crate::{epochs, events, sessions, settings};

/// The statements that each connection prepares once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Load,
    Create,
    CreateWithEvents,
    Update,
    UpdateWithEvents,
    Touch,
    Append,
    Epoch,
    RaiseEpoch,
    LoadSetting,
    CreateSetting,
    UpdateSetting,
    RemoveSetting,
}

impl Named {
    pub(crate) const COUNT: usize = Self::RemoveSetting as usize + 1;

    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Load => &sessions::LOAD,
            Self::Create => &sessions::CREATE,
            Self::CreateWithEvents => &sessions::CREATE_WITH_EVENTS,
            Self::Update => &sessions::UPDATE,
            Self::UpdateWithEvents => &sessions::UPDATE_WITH_EVENTS,
            Self::Touch => sessions::TOUCH,
            Self::Append => &events::APPEND,
            Self::Epoch => epochs::LOAD,
            Self::RaiseEpoch => epochs::RAISE,
            Self::LoadSetting => settings::LOAD,
            Self::CreateSetting => settings::CREATE,
            Self::UpdateSetting => settings::UPDATE,
            Self::RemoveSetting => settings::REMOVE,
        }
    }
}
