use std::borrow::Cow;

use hallpass::Error;

use super::operator::Operator;
use crate::keys::{Right, Role};

/// The frame around a page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: Cow<'static, str>,
    pub(super) place: Place,
    /// Who is signed in.
    pub(super) who: Option<Who>,
    /// What forms of this page prove with that they come from it.
    pub(super) token: String,
}

/// An operator as pages name them.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) realm: String,
}

/// Which of the places in the menu a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Sessions,
    Audit,
    Keys,
    Policy,
    Store,
    /// None of them.
    Aside,
}

impl Place {
    /// Every place that is in the menu.
    const MENU: [Self; 6] = [Self::Overview, Self::Sessions, Self::Audit, Self::Keys, Self::Policy, Self::Store];

    const fn needs(self) -> Right {
        match self {
            Self::Audit => Right::Audit,
            Self::Keys => Right::Administer,
            _ => Right::View,
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Sessions => "Sessions",
            Self::Audit => "Audit",
            Self::Keys => "Keys",
            Self::Policy => "Policy",
            Self::Store => "Store",
            Self::Aside => "",
        }
    }

    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Overview | Self::Aside => "/dashboard",
            Self::Sessions => "/dashboard/sessions",
            Self::Audit => "/dashboard/audit",
            Self::Keys => "/dashboard/keys",
            Self::Policy => "/dashboard/policy",
            Self::Store => "/dashboard/store",
        }
    }
}

impl Frame {
    /// Returns the frame of a page for an operator; what is due of their session is made before.
    pub(super) async fn new(
        title: impl Into<Cow<'static, str>>,
        place: Place,
        operator: &Operator,
    ) -> Result<Self, Error> {
        let token = operator.session.form_token().await?.expose().to_owned();
        let info = &operator.holder.info;
        let who = Who { name: info.name.to_string(), role: info.role, realm: info.realm.to_string() };
        Ok(Self { title: title.into(), place, who: Some(who), token })
    }

    /// Returns the frame where nobody is signed in, or nobody can say.
    pub(super) fn bare(title: &'static str) -> Self {
        Self { title: title.into(), place: Place::Aside, who: None, token: String::new() }
    }

    /// Returns the places that there are for whoever is signed in.
    pub(super) fn menu(&self) -> Vec<Place> {
        let may = |place: &Place| self.who.as_ref().is_some_and(|who| who.role.has(place.needs()));
        Place::MENU.into_iter().filter(may).collect()
    }

    pub(super) fn is_at(&self, place: Place) -> bool {
        self.place == place
    }

    /// Tells whether whoever is signed in may end sessions.
    pub(super) fn may_revoke(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.role.has(Right::Revoke))
    }

    /// Tells whether whoever is signed in may read events.
    pub(super) fn may_audit(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.role.has(Right::Audit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_has_what_a_role_may_see() {
        let menu = |role| {
            let who = Who { name: "x".to_owned(), role, realm: "default".to_owned() };
            let frame = Frame { who: Some(who), ..Frame::bare("x") };
            frame.menu().into_iter().map(Place::label).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(menu(Role::Admin), "Overview Sessions Audit Keys Policy Store");
        assert_eq!(menu(Role::Auditor), "Overview Sessions Audit Policy Store");
        assert_eq!(menu(Role::Operator), "Overview Sessions Policy Store");
        assert_eq!(menu(Role::Viewer), "Overview Sessions Policy Store");
        assert_eq!(menu(Role::App), "");
    }
}
